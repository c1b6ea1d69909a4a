"""Heart attack, stroke and heart failure. PREVENT is for people without cardiovascular disease (Khan 2024).

SCORE2 Asia-Pacific is for people without diabetes too (Hageman 2025), and gives no number until the risk region of
Korea has a cited source.
"""

from .family import Candidate, Family, Without

NO_DISEASE = Without("cardiovascular_disease")

FAMILY = Family(
    "cardiovascular",
    (
        Candidate("prevent-hba1c-10y", (NO_DISEASE,)),
        Candidate("prevent-uacr-10y", (NO_DISEASE,)),
        Candidate("prevent-base-10y", (NO_DISEASE,)),
        Candidate("prevent-base-30y", (NO_DISEASE,)),
        Candidate("score2-asia-pacific", (NO_DISEASE, Without("diabetes"))),
    ),
)
