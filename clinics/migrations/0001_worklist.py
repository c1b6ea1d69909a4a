"""The console's worklist: where each patient stands in it, one narrow row, behind the same second lock as the record.

Raw SQL like the record's own tables, because row-level security is not a model's to say. The rows are worked out from
RiskAssessments and can be made anew from them at any time (clinics/console/worklist.py).
"""

from django.db import migrations

WORKLIST = """
CREATE TABLE clinics_worklist (
    compartment bigint PRIMARY KEY,
    size double precision NOT NULL,
    unreviewed integer NOT NULL,
    stage smallint NOT NULL,
    tier smallint NOT NULL,
    patient text COLLATE "C" NOT NULL,
    lead text COLLATE "C" NOT NULL
);
CREATE INDEX clinics_worklist_order ON clinics_worklist (stage DESC, tier DESC, size DESC, compartment DESC);
"""

# As fhir/migrations/0001_store.py: everyone for the platform's workers, else the patients of the institution.
REACH = """
    (SELECT current_setting('bitgoeul.reach', true)) = 'all'
    OR EXISTS (
        SELECT 1 FROM fhir_care care
        WHERE care.organization = (SELECT nullif(current_setting('bitgoeul.organization', true), '')::bigint)
          AND care.organization <> 0 AND care.patient = clinics_worklist.compartment)
"""
SECOND_LOCK = f"""
ALTER TABLE clinics_worklist ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinics_worklist FORCE ROW LEVEL SECURITY;
CREATE POLICY clinics_worklist_reach ON clinics_worklist USING ({REACH}) WITH CHECK ({REACH});
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("fhir", "0001_store")]
    operations = [
        migrations.RunSQL(WORKLIST, migrations.RunSQL.noop),
        migrations.RunSQL(SECOND_LOCK, migrations.RunSQL.noop),
    ]
