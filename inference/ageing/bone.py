"""Osteoporosis. OSTA is for women after menopause (Koh 2001)."""

from dataclasses import dataclass

from inference.features.vector import FeatureVector

from .family import Candidate, Family, NotApplicable, Unknown, Verdict

# From this age on menopause is taken for granted; before it the record has to say so.
AFTER_MENOPAUSE = 60


@dataclass(frozen=True, slots=True)
class AfterMenopause:
    """Only for women after menopause: as the record says, or by age."""

    premises: tuple[str, ...] = ("postmenopausal",)

    def __call__(self, vector: FeatureVector) -> Verdict:
        if vector.says("female") is False:
            return NotApplicable("women-only")
        age, answer = vector.value("age"), vector.says("postmenopausal")
        if vector.says("female") is None:
            return Unknown("female")
        if answer is None and age is not None and age < AFTER_MENOPAUSE:
            return Unknown("postmenopausal")
        return NotApplicable("before-menopause") if answer is False else None


FAMILY = Family("bone", (Candidate("osta", (AfterMenopause(),)),))
