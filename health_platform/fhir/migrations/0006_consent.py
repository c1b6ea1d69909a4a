"""Consent, carers and emergency access: who besides an institution that cares may see a record."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("fhir", "0005_audit")]
    operations: list[migrations.RunSQL] = []
