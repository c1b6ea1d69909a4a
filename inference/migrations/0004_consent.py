"""The reach of results follows the record's: consents, denials and emergencies too (fhir/migrations/0006_consent.py)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inference", "0003_row_level_security"), ("fhir", "0006_consent")]
    operations = [
        migrations.RunSQL(f"SELECT fhir_lock('{table}', false)", migrations.RunSQL.noop)
        for table in ("inference_inferencerun", "inference_assessmentstate")
    ]
