"""Words for the inputs and outputs of a result, where the model's own coding would mislead."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from citizen_app_api.plain_language.risks import _input_value, _measured
from inference.services import Input, Output


def sex(feature: str, value: float) -> str:
    used = Input(feature, "sex", value, "{0,1}", None, "Patient/1", "recorded", False)
    with override("ko"):
        return _input_value(used)


@pytest.mark.parametrize(("feature", "value"), [("female", 1.0), ("male", 0.0)])
def test_a_woman_is_a_woman_however_a_model_codes_her(feature: str, value: float) -> None:
    assert sex(feature, value) == sex("female", 1.0) != sex("male", 1.0)
    assert sex(feature, value) not in ("예", "아니요")


def test_a_yes_or_no_output_is_said_as_such_and_not_as_a_number() -> None:
    lead = Output("possible_sarcopenia", "", 1.0, "{0,1}", None, "", True)
    with override("en"):
        assert _measured(lead, 1.0, "") == "Yes"
        assert _measured(lead, 0.0, "") == "No"
