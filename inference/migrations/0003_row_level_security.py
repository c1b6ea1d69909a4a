"""Results obey the same locks as the record: row-level security by care relationship, runs are only added."""

from django.db import migrations

REACH = """
    (SELECT current_setting('bitgoeul.reach', true)) = 'all'
    OR compartment = ANY ((SELECT nullif(current_setting('bitgoeul.own', true), '')::bigint[])::bigint[])
    OR EXISTS (
        SELECT 1 FROM fhir_care care
        WHERE care.organization = (SELECT nullif(current_setting('bitgoeul.organization', true), '')::bigint)
          AND care.organization <> 0 AND care.patient = {table}.compartment)
"""


def row_level_security(table: str) -> str:
    reach = REACH.format(table=table)
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY {table}_reach ON {table} USING ({reach}) WITH CHECK ({reach});
"""


APPEND_ONLY = """
CREATE TRIGGER inference_run_append_only BEFORE UPDATE OR DELETE ON inference_inferencerun
    FOR EACH ROW EXECUTE FUNCTION fhir_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON inference_inferencerun FROM bitgoeul_server;
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0002_results"), ("fhir", "0001_store")]
    operations = [
        migrations.RunSQL(row_level_security("inference_inferencerun"), migrations.RunSQL.noop),
        migrations.RunSQL(row_level_security("inference_assessmentstate"), migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
