"""An assessment under a key is seen by the device that sent it, and by the platform's own workers, and by nobody else.

The row belongs to no patient, so it has no compartment: `bitgoeul.device` is the device whose token was verified.
"""

from django.db import migrations

LOCK = """
ALTER TABLE inference_triage_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE inference_triage_record FORCE ROW LEVEL SECURITY;
CREATE POLICY inference_triage_record_reach ON inference_triage_record USING (
    (SELECT current_setting('bitgoeul.reach', true)) = 'all'
    OR device = (SELECT nullif(current_setting('bitgoeul.device', true), ''))
);
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0005_serving")]
    operations = [migrations.RunSQL(LOCK, migrations.RunSQL.noop)]
