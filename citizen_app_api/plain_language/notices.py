"""What is said beside everything that was calculated."""

from __future__ import annotations

from django.utils.translation import gettext as _


def not_a_device() -> str:
    """The notice on every result."""
    return _(
        "A computer calculated this from your record. It is not a cleared medical device and no diagnosis. "
        "Talk it over with your clinic before you change anything."
    )


def talked_over_first() -> str:
    """Which results wait for a person; the same words whether or not there is one, so that they give nothing away."""
    return _("Results about memory and about mood are shown here only after your clinic has talked them over with you.")
