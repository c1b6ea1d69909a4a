"""Made-up names from common Korean syllables: no real person, no real clinic.

The pools and weights are our own choice; the surnames' weights follow the well-known order of frequency.
"""

from __future__ import annotations

from health_platform.demo.city.draw import Draw

SURNAMES = {
    "김": 21.5, "이": 14.7, "박": 8.4, "최": 4.7, "정": 4.3, "강": 2.4, "조": 2.1, "윤": 2.1, "장": 2.0, "임": 1.7,
    "한": 1.5, "오": 1.5, "서": 1.5, "신": 1.5, "권": 1.4, "황": 1.4, "안": 1.4, "송": 1.4, "류": 1.3, "홍": 1.1,
}  # fmt: skip

# First and second syllable of the given name by sex, for those born before and after 1970.
_GIVEN = {
    (True, True): ("순영정옥복금경명봉춘", "자숙희순옥례덕심남님"),
    (True, False): ("지서민수예은하유소다", "연은진아윤현린영희정"),
    (False, True): ("영병종성상광정동기재", "수호식철환섭태규만석"),
    (False, False): ("민준지현도서우시태승", "준호우현혁성진훈규빈"),
}

CLINIC_WORDS = (
    "해솔", "가온", "다온", "한빛", "새봄", "늘봄", "미소", "밝은", "우리", "참좋은", "푸른", "하늘", "바른", "튼튼",
    "온누리", "아름", "누리", "소망", "사랑", "행복", "무등", "빛고을", "어울림", "한결", "나래", "두리", "슬기",
    "예담", "이음", "도담", "라온", "마루", "산들", "윤슬", "초록", "큰나무", "햇살", "단비", "여울", "은빛",
)  # fmt: skip


def person_name(draw: Draw, *, female: bool, born: int) -> str:
    """A name for someone born in the year given."""
    first, second = _GIVEN[(female, born < 1970)]
    syllable = draw.pick(first)
    return draw.weighted(SURNAMES) + syllable + draw.pick([each for each in second if each != syllable])
