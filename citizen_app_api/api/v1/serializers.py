"""The shapes of requests and answers. They check and describe; what is done stands in services.py and selectors.py."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from citizen_app_api.mydata.consent import Purpose
from citizen_app_api.mydata.sharing import CLASSES, PURPOSES, Who
from citizen_app_api.mydata.sharing import KINDS as SHARED_KINDS
from citizen_app_api.plain_language.records import KINDS
from citizen_app_api.plain_language.risks import Standing
from citizen_app_api.plain_language.summary import SEX, Knowledge
from citizen_app_api.resources.exercise import Trouble
from citizen_app_api.services import Advice

Answer = serializers.Serializer[Any]
DAY = "Day, month or year, as precise as the record: 2026-11-21, 2026-11 or 2026. Null when not recorded."


class _Text(serializers.CharField):
    """A text of the answer; None is null."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)


class FieldErrorSerializer(Answer):
    field = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(Answer):
    """An error (RFC 9457). `errors` names each field that has to be mended, and how."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class SignInSerializer(Answer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20, default="", allow_blank=True, help_text="Of the authenticator, for who has one."
    )


class SessionSerializer(Answer):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the session ends.")
    name = serializers.CharField()


class PersonSerializer(Answer):
    id = serializers.CharField()
    name = _Text()
    birth_date = _Text(help_text=DAY)
    age = serializers.IntegerField(allow_null=True, help_text="Completed years.")
    sex = serializers.ChoiceField(choices=list(SEX))
    sex_text = serializers.CharField()


class DetailSerializer(Answer):
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()


class EntrySerializer(Answer):
    id = serializers.CharField()
    date = _Text(help_text=DAY)
    title = serializers.CharField(help_text="In plain words.")
    recorded_as = _Text(help_text="The words of the record where they differ.")
    value = _Text()
    value_note = _Text(help_text="How the value compares, or why there is none.")
    place = _Text()
    details = DetailSerializer(many=True)


class SectionSerializer(Answer):
    state = serializers.ChoiceField(choices=list(Knowledge))
    note = serializers.CharField()
    items = EntrySerializer(many=True)


class MeasurementSerializer(Answer):
    title = serializers.CharField()
    value = _Text(help_text="With its unit. Null: the record holds none.")
    note = _Text()
    usual_range = _Text()
    date = _Text(help_text=DAY)
    place = _Text()


class SummarySerializer(Answer):
    alerts = serializers.ListField(child=serializers.CharField(), help_text="To be shown at once.")
    person = PersonSerializer()
    conditions = SectionSerializer()
    medicines = SectionSerializer()
    allergies = SectionSerializer()
    vital_signs = MeasurementSerializer(many=True)
    laboratory = MeasurementSerializer(many=True)


class RecordsQuerySerializer(Answer):
    kind = serializers.ChoiceField(choices=KINDS)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    cursor = serializers.CharField(max_length=200, required=False)


class RecordsSerializer(Answer):
    kind = serializers.ChoiceField(choices=KINDS)
    items = EntrySerializer(many=True)
    next = _Text(help_text="The `cursor` of the next page; null at the end.")


class ExerciseSerializer(Answer):
    id = serializers.CharField(help_text="Names the exercise when it is logged.")
    title = serializers.CharField()
    description = _Text()
    how_often = _Text()
    cautions = serializers.ListField(child=serializers.CharField())
    done_recently = serializers.IntegerField(help_text="How often it stands among the newest 200 log entries.")
    last_done = _Text(help_text=DAY)


class PlanSerializer(Answer):
    id = serializers.CharField()
    title = serializers.CharField()
    description = _Text()
    signed_by = _Text()
    start = _Text(help_text=DAY)
    end = _Text(help_text=DAY)
    goals = serializers.ListField(child=serializers.CharField())
    exercises = ExerciseSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class RiskValueSerializer(Answer):
    number = serializers.FloatField()
    unit = serializers.CharField(help_text="% for a probability, else a UCUM unit.")
    text = serializers.CharField()
    band = _Text()


class ReviewedSerializer(Answer):
    decision = serializers.CharField(help_text="accept or override.")
    on = _Text(help_text=DAY)
    reason = _Text()


class UsedInputSerializer(Answer):
    name = serializers.CharField()
    value = serializers.CharField()
    date = _Text(help_text=DAY)
    origin = serializers.CharField()
    assumed = serializers.BooleanField(help_text="Nobody measured or stated it.")


class ModelFactsSerializer(Answer):
    id = serializers.CharField()
    version = serializers.CharField()
    checksum = serializers.CharField(help_text="SHA-256 of the model's graph.")
    population = serializers.CharField(help_text="Whom the model was made with.")
    source = serializers.CharField()  # type: ignore[assignment]
    horizon_years = serializers.FloatField(allow_null=True)
    calibrated_for_korea = serializers.BooleanField()


class RiskSerializer(Answer):
    id = _Text(help_text="The logical id of the RiskAssessment; null where there is none.")
    topic = serializers.CharField()
    title = serializers.CharField()
    leading = serializers.BooleanField(help_text="Whether this result stands for its topic.")
    standing = serializers.ChoiceField(choices=list(Standing))
    standing_text = serializers.CharField()
    value = RiskValueSerializer(allow_null=True)
    why_no_value = _Text()
    explanation = serializers.ListField(child=serializers.CharField())
    inputs = UsedInputSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField(), help_text="What would have to be measured.")
    notes = serializers.ListField(child=serializers.CharField())
    calculated_on = _Text(help_text=DAY)
    reviews = ReviewedSerializer(many=True)
    model = ModelFactsSerializer()


class RisksSerializer(Answer):
    items = RiskSerializer(many=True)
    alerts = serializers.ListField(child=serializers.CharField(), help_text="To be shown at once.")
    passed_over = serializers.ListField(
        child=serializers.CharField(), help_text="Values of the record that cannot be right and were not used."
    )
    assessed = serializers.DateTimeField(allow_null=True, help_text="Null: nothing has been calculated yet.")
    notice = serializers.CharField(help_text="To be shown beside each result.")
    withheld = serializers.CharField(help_text="Which kinds of results are first talked over in person.")


class SupposedSerializer(Answer):
    feature = serializers.CharField(max_length=64, help_text="A name of `changeable`, such as `systolic`.")
    value = serializers.FloatField(help_text="Of a habit 1 for yes and 0 for no.")
    unit = serializers.CharField(
        max_length=32, required=False, allow_blank=True, default="", help_text="UCUM; empty: the usual one."
    )


class WhatIfSerializer(Answer):
    supposed = SupposedSerializer(many=True, allow_empty=False)


class ChangeableSerializer(Answer):
    feature = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class DifferenceSerializer(Answer):
    model = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField(help_text="UCUM.")
    before = serializers.FloatField(allow_null=True, help_text="As the record stands.")
    after = serializers.FloatField(allow_null=True, help_text="As supposed; null: there is no number.")
    sentence = serializers.CharField()
    caution = serializers.CharField(help_text="To be shown beside it.")
    changeable = ChangeableSerializer(many=True)
    notice = serializers.CharField()


class PlansSerializer(Answer):
    items = PlanSerializer(many=True)
    caution = _Text(help_text="What speaks against exercise now.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="What keeps a plan from being made.")
    notice = serializers.CharField()


class LogExerciseSerializer(Answer):
    exercise = serializers.CharField(max_length=100)
    done_on = serializers.DateField()
    minutes = serializers.IntegerField(min_value=1, max_value=600, required=False, allow_null=True)
    effort = serializers.IntegerField(
        min_value=0, max_value=10, required=False, allow_null=True, help_text="0 is none, 10 the most possible."
    )
    trouble = serializers.ListField(child=serializers.ChoiceField(choices=list(Trouble)), required=False, max_length=5)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class LoggedSerializer(Answer):
    id = serializers.CharField()
    advice = serializers.ChoiceField(choices=list(Advice))
    text = serializers.CharField(help_text="What to do now.")
    clinic_told = serializers.BooleanField(help_text="Whether trouble was passed on to the home clinic.")


class ConsentSerializer(Answer):
    id = serializers.CharField()
    purpose = _Text(help_text="Null for a consent that was not given here.")
    title = serializers.CharField()
    status = serializers.CharField(help_text="A code of http://hl7.org/fhir/consent-state-codes.")
    status_text = serializers.CharField()
    given_on = _Text(help_text=DAY)
    end = _Text(help_text=DAY)
    may_withdraw = serializers.BooleanField()


class ConsentsSerializer(Answer):
    items = ConsentSerializer(many=True)


class GiveConsentSerializer(Answer):
    purpose = serializers.ChoiceField(choices=list(Purpose))
    end = serializers.DateField(required=False, allow_null=True, help_text="The last day; without one until withdrawn.")


class LookSerializer(Answer):
    number = serializers.IntegerField()
    count = serializers.IntegerField(help_text="How many requests it was.")
    at = serializers.DateTimeField()
    who = serializers.CharField()
    institution = _Text()
    own = serializers.BooleanField(help_text="Whether it was the citizen herself.")
    action = serializers.CharField()
    what = serializers.ListField(child=serializers.CharField())
    purpose = serializers.CharField()
    sentence = serializers.CharField()


class AccessLogQuerySerializer(Answer):
    before = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the page before.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    others_only = serializers.BooleanField(default=False, help_text="Leave out what the citizen looked at herself.")


class AccessLogSerializer(Answer):
    items = LookSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class ClinicSerializer(Answer):
    id = serializers.CharField()
    name = _Text()
    phone = _Text()
    address = _Text()
    home = serializers.BooleanField()


class ClinicsSerializer(Answer):
    items = ClinicSerializer(many=True)


class AskSerializer(Answer):
    text = serializers.CharField(max_length=2000)
    about = serializers.RegexField(
        r"^(RiskAssessment|CarePlan|Observation)/[A-Za-z0-9\-.]{1,64}$",
        required=False,
        allow_null=True,
        help_text="What it is about, such as RiskAssessment/7.",
    )


class AskedSerializer(Answer):
    id = serializers.CharField()


class QuestionSerializer(Answer):
    id = serializers.CharField()
    text = serializers.CharField()
    sent = serializers.DateTimeField(allow_null=True)
    status = serializers.CharField(help_text="A code of http://hl7.org/fhir/task-status; empty when not known.")
    status_text = serializers.CharField()
    about = _Text()
    answers = serializers.ListField(child=serializers.CharField())


class QuestionsSerializer(Answer):
    items = QuestionSerializer(many=True)


class SharedSerializer(Answer):
    """A decision about who may see the record."""

    id = serializers.CharField()
    active = serializers.BooleanField(help_text="Whether it holds.")
    permit = serializers.BooleanField(help_text="True permits, false denies.")
    who = serializers.ChoiceField(choices=list(Who))
    name = serializers.CharField(help_text="Of whom it is about; empty for everybody who works for an institution.")
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Empty: all kinds.")
    classes = serializers.ListField(child=serializers.CharField(), help_text="Sensitive classes that it names.")
    purpose = _Text(help_text="Null: any.")
    start = _Text(help_text=DAY)
    end = _Text(help_text=DAY)
    decided_on = _Text(help_text=DAY)
    accepted = serializers.BooleanField(allow_null=True, help_text="Whether a carer has accepted; null for others.")
    sentence = serializers.CharField(help_text="The decision in plain words.")
    person = serializers.CharField(help_text="The logical id of the Patient whose record it is.")
    person_name = serializers.CharField()


class AgeRuleSerializer(Answer):
    self_decides = serializers.BooleanField(help_text="Whether the caller decides about this record.")
    text = serializers.CharField(help_text="What holds at this age and what changes next; empty from 19 on.")


class SharingSerializer(Answer):
    items = SharedSerializer(many=True)
    rule = AgeRuleSerializer()


class _ScopeSerializer(Answer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SHARED_KINDS)), default=list, max_length=20
    )
    classes = serializers.ListField(child=serializers.ChoiceField(choices=list(CLASSES)), default=list, max_length=5)
    start = serializers.DateField(required=False, allow_null=True, default=None)
    end = serializers.DateField(required=False, allow_null=True, default=None, help_text="The last day.")


class DecideSerializer(_ScopeSerializer):
    permit = serializers.BooleanField()
    who = serializers.ChoiceField(choices=[Who.ANYONE, Who.INSTITUTION, Who.PERSON])
    names = serializers.RegexField(r"^[A-Za-z0-9\-.]{0,64}$", default="", help_text="An `id` of the choices.")
    purpose = serializers.ChoiceField(choices=list(PURPOSES), required=False, allow_null=True, default=None)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if (given["who"] != Who.ANYONE) != bool(given["names"]):
            raise serializers.ValidationError({"names": [_("Choose one from the list.")]})
        return given


class ChoicesQuerySerializer(Answer):
    who = serializers.ChoiceField(choices=[Who.INSTITUTION, Who.PERSON])
    name = serializers.CharField(min_length=1, max_length=60)


class ChoiceSerializer(Answer):
    id = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField()


class ChoicesSerializer(Answer):
    items = ChoiceSerializer(many=True)


class ChargeSerializer(Answer):
    patient = serializers.CharField(help_text="For the header Acting-For.")
    name = serializers.CharField()
    guardian = serializers.BooleanField(help_text="A parent or guardian, by law.")
    until = _Text(help_text=DAY)


class CareSerializer(Answer):
    carers = SharedSerializer(many=True, help_text="Whom I let care for me.")
    offers = SharedSerializer(many=True, help_text="Who wants me as a carer, accepted ones too.")
    people = ChargeSerializer(many=True, help_text="Whose records I see now.")


class MakeCarerSerializer(_ScopeSerializer):
    code = serializers.CharField(max_length=20, help_text="The code that the carer's own app shows.")


class CarerCodeSerializer(Answer):
    code = serializers.CharField()
    minutes = serializers.IntegerField()


class NoticeSerializer(Answer):
    id = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    reason = _Text()
    institution = _Text()


class NoticesSerializer(Answer):
    items = NoticeSerializer(many=True)
