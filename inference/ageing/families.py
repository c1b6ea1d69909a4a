"""All families, in the order in which results are shown."""

from . import (
    biological_age,
    bone,
    cardiovascular,
    dementia,
    diabetes,
    falls,
    heart_rhythm,
    kidney,
    liver,
    mood,
    muscle,
)

FAMILIES = (
    cardiovascular.FAMILY,
    kidney.FAMILY,
    diabetes.FAMILY,
    muscle.FAMILY,
    bone.FAMILY,
    falls.FAMILY,
    biological_age.FAMILY,
    heart_rhythm.FAMILY,
    liver.FAMILY,
    dementia.FAMILY,
    mood.FAMILY,
)
