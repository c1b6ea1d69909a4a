"""The store: bodies, versions, narrow index tables, care relationships, audit, and the second lock on them.

Raw SQL, because what matters here (column order, key order, row-level security, rights) is not a model's to say.
Rights are granted to and revoked from the group role of the server, `bitgoeul_server`, which provisioning creates.
"""

from django.db import migrations

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER

EXTENSIONS = "CREATE EXTENSION IF NOT EXISTS pg_trgm"

TABLES = """
-- A process draws a block of a thousand row ids at a time.
CREATE SEQUENCE fhir_rid AS bigint INCREMENT BY 1000 MINVALUE 1000 START 1000;

-- The current version of each resource; `body` holds the exact bytes of the answer. `compartment` is the key of
-- whose record it is part of: a Patient, the Organization that wrote it where no patient is named, 0 for what everyone
-- may read; `custodian` is the key of the Organization that wrote it (0: none),
-- `moment` the clinical date in microseconds, by which lists are ordered. A key is the 64-bit hash of "Type/id";
-- the last index makes sure that no two patients share one.
CREATE TABLE fhir_resource (
    rid bigint PRIMARY KEY,
    compartment bigint NOT NULL,
    custodian bigint NOT NULL,
    moment bigint NOT NULL,
    last_updated timestamptz NOT NULL,
    version integer NOT NULL,
    type smallint NOT NULL,
    deleted boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    body bytea NOT NULL
);
CREATE UNIQUE INDEX fhir_resource_id ON fhir_resource (id, type);
CREATE INDEX fhir_resource_compartment ON fhir_resource (compartment, type, moment, rid);
CREATE INDEX fhir_resource_type ON fhir_resource (type, moment, rid);
CREATE INDEX fhir_resource_updated ON fhir_resource (type, last_updated, rid);
CREATE UNIQUE INDEX fhir_resource_patient_key ON fhir_resource (compartment) WHERE type = %(patient)s;

-- Earlier versions, and the tombstone of a deletion. Never changed.
CREATE TABLE fhir_history (
    rid bigint NOT NULL,
    compartment bigint NOT NULL,
    last_updated timestamptz NOT NULL,
    version integer NOT NULL,
    type smallint NOT NULL,
    deleted boolean NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (rid, version)
);

-- Search indexes. `key` is a 64-bit hash of parameter and value; the compartment leads where it is known.
CREATE TABLE fhir_token (compartment bigint NOT NULL, key bigint NOT NULL, moment bigint NOT NULL, rid bigint NOT NULL);
CREATE INDEX fhir_token_compartment ON fhir_token (compartment, key, moment, rid);
CREATE INDEX fhir_token_key ON fhir_token (key, moment, rid);
CREATE INDEX fhir_token_rid ON fhir_token (rid);

CREATE TABLE fhir_reference (compartment bigint NOT NULL, key bigint NOT NULL, moment bigint NOT NULL, rid bigint NOT NULL);
CREATE INDEX fhir_reference_key ON fhir_reference (key, moment, rid);
CREATE INDEX fhir_reference_rid ON fhir_reference (rid);

CREATE TABLE fhir_uri (compartment bigint NOT NULL, key bigint NOT NULL, rid bigint NOT NULL);
CREATE INDEX fhir_uri_key ON fhir_uri (key, rid);
CREATE INDEX fhir_uri_rid ON fhir_uri (rid);

CREATE TABLE fhir_date (
    compartment bigint NOT NULL, low bigint NOT NULL, high bigint NOT NULL, rid bigint NOT NULL, param smallint NOT NULL
);
CREATE INDEX fhir_date_low ON fhir_date (param, low, rid);
CREATE INDEX fhir_date_high ON fhir_date (param, high, rid);
CREATE INDEX fhir_date_rid ON fhir_date (rid, param);

CREATE TABLE fhir_quantity (
    compartment bigint NOT NULL, key bigint NOT NULL, low double precision NOT NULL, high double precision NOT NULL,
    rid bigint NOT NULL
);
CREATE INDEX fhir_quantity_key ON fhir_quantity (key, low, rid);
CREATE INDEX fhir_quantity_rid ON fhir_quantity (rid);

CREATE TABLE fhir_number (
    compartment bigint NOT NULL, low double precision NOT NULL, high double precision NOT NULL, rid bigint NOT NULL,
    param smallint NOT NULL
);
CREATE INDEX fhir_number_low ON fhir_number (param, low, rid);
CREATE INDEX fhir_number_rid ON fhir_number (rid);

CREATE TABLE fhir_string (
    compartment bigint NOT NULL, rid bigint NOT NULL, param smallint NOT NULL, value text COLLATE "C" NOT NULL
);
CREATE INDEX fhir_string_value ON fhir_string (param, value, rid);
CREATE INDEX fhir_string_rid ON fhir_string (rid);
CREATE INDEX fhir_string_trigram ON fhir_string USING gin (value gin_trgm_ops);

-- Which institution cares for which patient: what lets a clinic see a record.
CREATE TABLE fhir_care (
    organization bigint NOT NULL, patient bigint NOT NULL, since timestamptz NOT NULL, PRIMARY KEY (organization, patient)
);
CREATE INDEX fhir_care_patient ON fhir_care (patient);

-- One row per request: who did what to whose record. Rendered as AuditEvent when asked.
CREATE TABLE fhir_audit (
    aid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded timestamptz NOT NULL,
    patients bigint[] NOT NULL,
    outcome smallint NOT NULL,
    action "char" NOT NULL,
    interaction text NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    organization text NOT NULL,
    client text NOT NULL,
    purpose text NOT NULL,
    request_id text NOT NULL,
    entities text[] NOT NULL
);
CREATE INDEX fhir_audit_patients ON fhir_audit USING gin (patients);
"""

# lz4 where the server was built with it, for it costs a tenth of the default's time to unpack.
COMPRESSION = """
DO $$ BEGIN
    ALTER TABLE fhir_resource ALTER COLUMN body SET COMPRESSION lz4;
    ALTER TABLE fhir_history ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'no lz4 in this server: bodies are kept with the default compression';
END $$;
"""

# The scalar subqueries are evaluated once a statement, not once a row.
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
CREATE FUNCTION fhir_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER fhir_history_append_only BEFORE UPDATE OR DELETE ON fhir_history
    FOR EACH ROW EXECUTE FUNCTION fhir_append_only();
CREATE TRIGGER fhir_audit_append_only BEFORE UPDATE OR DELETE ON fhir_audit
    FOR EACH ROW EXECUTE FUNCTION fhir_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON fhir_history, fhir_audit FROM bitgoeul_server;
REVOKE DELETE, TRUNCATE ON fhir_resource FROM bitgoeul_server;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL(EXTENSIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TABLES % {"patient": TYPE_NUMBER["Patient"]}, migrations.RunSQL.noop),
        migrations.RunSQL(COMPRESSION, migrations.RunSQL.noop),
        migrations.RunSQL(row_level_security("fhir_resource"), migrations.RunSQL.noop),
        migrations.RunSQL(row_level_security("fhir_history"), migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
