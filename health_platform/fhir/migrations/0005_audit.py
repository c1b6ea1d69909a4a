"""The access log: where from, on which legal basis, what was asked; found by patient; sealed; behind its own lock.

`fhir_audit_link` replaces the GIN index on `patients`: its operators are not leakproof, so row-level security would
keep the planner from using it, for the version before this one as well.
"""

from django.db import migrations

COLUMNS = """
-- `entities` begins with the `writes` versions that the request wrote; what it read follows. `query` is encrypted
-- (access/audit_query.py).
ALTER TABLE fhir_audit
    ADD COLUMN writes integer NOT NULL DEFAULT 0,
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN basis text NOT NULL DEFAULT '',
    ADD COLUMN query bytea;
DROP INDEX fhir_audit_patients;
CREATE INDEX fhir_audit_recorded ON fhir_audit USING brin (recorded) WITH (pages_per_range = 16, autosummarize = on);
"""

LINKS = """
-- Whose record a request touched, and which resources it wrote: keys as in keys.py.
CREATE TABLE fhir_audit_link (key bigint NOT NULL, aid bigint NOT NULL, PRIMARY KEY (key, aid));
INSERT INTO fhir_audit_link SELECT DISTINCT unnest(patients), aid FROM fhir_audit;
"""

CHAIN = """
-- Sealed rows of one shard: their numbers, and the SHA-256 of each, 32 bytes a row, in that order. `digest` covers the
-- digest of the shard's block before it, so blocks form 64 chains (access/audit_chain.py).
CREATE TABLE fhir_audit_block (
    shard smallint NOT NULL,
    number bigint NOT NULL,
    checkpoint bigint NOT NULL,
    aids bigint[] NOT NULL,
    digests bytea NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (shard, number)
);
CREATE INDEX fhir_audit_block_checkpoint ON fhir_audit_block (checkpoint);

-- `heads` covers the last digest of every shard, `through` is the last row number that is sealed.
CREATE TABLE fhir_audit_checkpoint (
    number bigint PRIMARY KEY,
    made timestamptz NOT NULL,
    through bigint NOT NULL,
    rows bigint NOT NULL,
    heads bytea NOT NULL,
    previous bytea NOT NULL,
    key text NOT NULL,
    signature bytea NOT NULL
);
"""

# Whoever acts may add to the log, and a row says in which role; it is read by the auditor, by the platform itself, and by the patient.
LOCKS = """
ALTER TABLE fhir_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE fhir_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY fhir_audit_add ON fhir_audit FOR INSERT WITH CHECK (role <> '');
CREATE POLICY fhir_audit_see ON fhir_audit FOR SELECT USING (
    'all' IN ((SELECT current_setting('bitgoeul.reach', true)), (SELECT current_setting('bitgoeul.log', true)))
    OR patients && ((SELECT nullif(current_setting('bitgoeul.patients', true), '')::bigint[])::bigint[])
);
ALTER TABLE fhir_audit_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE fhir_audit_link FORCE ROW LEVEL SECURITY;
CREATE POLICY fhir_audit_link_add ON fhir_audit_link FOR INSERT WITH CHECK (true);
CREATE POLICY fhir_audit_link_see ON fhir_audit_link FOR SELECT USING (
    'all' IN ((SELECT current_setting('bitgoeul.reach', true)), (SELECT current_setting('bitgoeul.log', true)))
    OR key = ANY ((SELECT nullif(current_setting('bitgoeul.patients', true), '')::bigint[])::bigint[])
);
"""

TABLES = ("fhir_audit_link", "fhir_audit_block", "fhir_audit_checkpoint")
APPEND_ONLY = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION fhir_append_only();\n"
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM bitgoeul_server;\n"
    for table in TABLES
) + "".join(
    f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION fhir_append_only();\n"
    for table in ("fhir_audit", *TABLES)
)


class Migration(migrations.Migration):
    dependencies = [("fhir", "0004_withheld")]
    operations = [
        migrations.RunSQL(COLUMNS, migrations.RunSQL.noop),
        migrations.RunSQL(LINKS, migrations.RunSQL.noop),
        migrations.RunSQL(CHAIN, migrations.RunSQL.noop),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
