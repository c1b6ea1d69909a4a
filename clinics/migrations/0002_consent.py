"""The worklist's second lock follows the record's: consents, denials and emergencies (fhir/migrations/0006_consent.py).
It stays the clinicians' list: nobody sees her own line in it."""

from django.db import migrations

NO_CITIZENS = """
CREATE POLICY clinics_worklist_shown ON clinics_worklist AS RESTRICTIVE
    USING ((SELECT current_setting('bitgoeul.withheld', true)) = 'shown');
"""


class Migration(migrations.Migration):
    dependencies = [("clinics", "0001_worklist"), ("fhir", "0006_consent")]
    operations = [
        migrations.RunSQL("SELECT fhir_lock('clinics_worklist', false)", migrations.RunSQL.noop),
        migrations.RunSQL(NO_CITIZENS, migrations.RunSQL.noop),
    ]
