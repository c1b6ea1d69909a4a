"""What is withheld from the citizen is a column, so that reach and row-level security both know it (disclosure.py)."""

from django.db import migrations

COLUMNS = """
ALTER TABLE fhir_resource ADD COLUMN withheld boolean NOT NULL DEFAULT false;
ALTER TABLE fhir_history ADD COLUMN withheld boolean NOT NULL DEFAULT false;
"""

# Restrictive: on top of what the reach lets pass.
POLICY = """
CREATE POLICY {table}_withheld ON {table} AS RESTRICTIVE
    USING (NOT withheld OR (SELECT current_setting('bitgoeul.withheld', true)) = 'shown');
"""


class Migration(migrations.Migration):
    dependencies = [("fhir", "0003_knowledge")]
    operations = [
        migrations.RunSQL(COLUMNS, migrations.RunSQL.noop),
        migrations.RunSQL(POLICY.format(table="fhir_resource"), migrations.RunSQL.noop),
        migrations.RunSQL(POLICY.format(table="fhir_history"), migrations.RunSQL.noop),
    ]
