"""Consent, carers and emergency access: who besides an institution that cares may see a record, and who may not.

What people decide stands in `fhir_grant`, compiled from their Consents in the transaction that writes them
(record/consents.py). `fhir_lock` holds the text of row-level security once: it makes the policies of a table anew, and
a later migration, of this or of another app, calls it for its own tables.
"""

from django.db import migrations

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER

TABLES = """
-- What a person decided about the own record, and what the law decides in her place: one row for each grantee of a
-- provision. Keys as in keys.py; grantee 0 is whoever acts for an institution. `classes` is a mask of
-- access/sensitivity.py: 0 are data of no class (for a deny: all), else data of those classes alone. `weight` and
-- `depth` say how specific the row is (access/consent.py). NULL is all: types, purposes, tokens (keys of the codes in
-- fhir_token), resource (one row of the store). `basis` is the row of the Consent or RelatedPerson, 0 in an emergency.
CREATE TABLE fhir_grant (
    patient bigint NOT NULL,
    grantee bigint NOT NULL,
    basis bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT '-infinity',
    until timestamptz NOT NULL DEFAULT 'infinity',
    resource bigint,
    classes smallint NOT NULL,
    weight smallint NOT NULL,
    depth smallint NOT NULL,
    permit boolean NOT NULL,
    emergency boolean NOT NULL DEFAULT false,
    guardian boolean NOT NULL DEFAULT false,
    types smallint[],
    purposes text[],
    tokens bigint[]
);
CREATE INDEX fhir_grant_patient ON fhir_grant (patient, grantee);
CREATE INDEX fhir_grant_grantee ON fhir_grant (grantee, patient) WHERE permit;
CREATE INDEX fhir_grant_basis ON fhir_grant (basis);

-- Classes of data that need a permit of their own (access/sensitivity.py).
ALTER TABLE fhir_resource ADD COLUMN sensitive smallint NOT NULL DEFAULT 0;
ALTER TABLE fhir_history
    ADD COLUMN sensitive smallint NOT NULL DEFAULT 0,
    ADD COLUMN custodian bigint NOT NULL DEFAULT 0;
"""

# Versions are never changed; how sensitive one is judged may be, by `manage.py fhir_sensitivity`.
HISTORY = """
DROP TRIGGER fhir_history_append_only ON fhir_history;
SELECT set_config('bitgoeul.reach', 'all', true);
UPDATE fhir_history h SET custodian = r.custodian FROM fhir_resource r WHERE r.rid = h.rid;
SELECT set_config('bitgoeul.reach', '', true);
CREATE TRIGGER fhir_history_append_only
    BEFORE DELETE OR UPDATE OF rid, compartment, custodian, last_updated, version, type, deleted, withheld, body
    ON fhir_history FOR EACH ROW EXECUTE FUNCTION fhir_append_only();
GRANT UPDATE (sensitive) ON fhir_history TO bitgoeul_server;
"""

# Asked only about patients who decided something that concerns the actor. An emergency comes before everything; a deny
# wins unless a permit is strictly more specific, or an exception to it within the same Consent; without any of them it
# is as the care relationship says.
GRANTED = """
CREATE FUNCTION fhir_granted(
    place bigint, kind smallint, class smallint, mine boolean, cared boolean, row_id bigint, keys bigint[], asked text
) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH applicable AS MATERIALIZED (
            SELECT g.permit, g.emergency, g.weight, g.depth, g.basis FROM fhir_grant g
            WHERE g.patient = place AND g.grantee = ANY (keys) AND g.since <= now() AND now() < g.until
              AND (g.types IS NULL OR kind = ANY (g.types))
              AND (g.purposes IS NULL OR asked = ANY (g.purposes))
              AND (g.resource IS NULL OR g.resource = row_id)
              AND CASE
                  WHEN NOT g.permit THEN g.classes = 0 OR (class & g.classes) <> 0
                  WHEN g.classes = 0 THEN class = 0 OR mine
                  ELSE class <> 0 AND (class & ~g.classes) = 0
              END
              AND (g.tokens IS NULL OR row_id IS NOT NULL AND (
                  EXISTS (SELECT 1 FROM fhir_token t WHERE t.rid = row_id AND t.key = ANY (g.tokens))
                  -- What was deleted has no index rows left: a deny holds for it, whatever its code was.
                  OR NOT g.permit AND NOT EXISTS (SELECT 1 FROM fhir_token t WHERE t.rid = row_id)))
        )
        SELECT CASE
            WHEN EXISTS (SELECT 1 FROM applicable p WHERE p.emergency) THEN true
            WHEN EXISTS (
                SELECT 1 FROM applicable d WHERE NOT d.permit AND NOT EXISTS (
                    SELECT 1 FROM applicable p WHERE p.permit AND (p.weight & d.weight) = d.weight
                      AND (p.weight <> d.weight OR p.basis = d.basis AND p.depth > d.depth))
            ) THEN false
            WHEN EXISTS (SELECT 1 FROM applicable p WHERE p.permit) THEN true
            ELSE cared AND (class = 0 OR mine)
        END
    );
END $$;
"""

# The scalar subqueries are evaluated once a statement, not once a row. `whole` are tables whose rows are versions of
# resources; of others only the compartment is known, and their rows are reached with the Patient. A row may be written
# into every record that the actor reaches at all: the repository decides more finely.
LOCK = """
CREATE FUNCTION fhir_lock(target regclass, whole boolean) RETURNS void LANGUAGE plpgsql AS $lock$
DECLARE
    org text := $$(SELECT nullif(current_setting('bitgoeul.organization', true), '')::bigint)$$;
    keys text := $$(SELECT nullif(current_setting('bitgoeul.keys', true), '')::bigint[])::bigint[]$$;
    asked text := $$(SELECT current_setting('bitgoeul.purpose', true))$$;
    named text := format('%%s.compartment', target);
    cared text := format($$EXISTS (SELECT 1 FROM fhir_care care WHERE care.organization = %%s
        AND care.organization <> 0 AND care.patient = %%s)$$, org, named);
    decided text := format($$EXISTS (SELECT 1 FROM fhir_grant g WHERE g.patient = %%s AND g.grantee = ANY (%%s)$$,
        named, keys);
    mine text := CASE WHEN whole THEN format('(custodian = %%1$s AND %%1$s <> 0)', org) ELSE 'false' END;
    row_of text := CASE WHEN whole THEN format('type, sensitive, %%s, %%s, rid', mine, cared)
        ELSE format('%(patient)s::smallint, 0::smallint, false, %%s, NULL::bigint', cared) END;
    open_to text := CASE WHEN whole THEN format('(sensitive = 0 OR %%s) AND %%s', mine, cared) ELSE cared END;
    known text := $$
        (SELECT current_setting('bitgoeul.reach', true)) = 'all'
        OR ((SELECT coalesce(current_setting('bitgoeul.only', true), '') = '')
            OR compartment = ANY ((SELECT nullif(current_setting('bitgoeul.only', true), '')::bigint[])::bigint[]))
        AND (compartment = ANY ((SELECT nullif(current_setting('bitgoeul.own', true), '')::bigint[])::bigint[])
            OR %%s)$$;
    seen text := format(known, format('CASE WHEN %%s) THEN fhir_granted(%%s, %%s, %%s, %%s) ELSE %%s END',
        decided, named, row_of, keys, asked, open_to));
    written text := format(known, format('%%s OR %%s AND g.permit)', cared, decided));
BEGIN
    EXECUTE format('ALTER TABLE %%s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %%s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('DROP POLICY IF EXISTS %%I ON %%s', target || '_reach', target);
    EXECUTE format('CREATE POLICY %%I ON %%s USING (%%s) WITH CHECK (%%s)', target || '_reach', target, seen, written);
END $lock$;
SELECT fhir_lock('fhir_resource', true);
SELECT fhir_lock('fhir_history', true);
"""


class Migration(migrations.Migration):
    dependencies = [("fhir", "0005_audit")]
    operations = [
        migrations.RunSQL(TABLES, migrations.RunSQL.noop),
        migrations.RunSQL(HISTORY, migrations.RunSQL.noop),
        migrations.RunSQL(GRANTED, migrations.RunSQL.noop),
        migrations.RunSQL(LOCK % {"patient": TYPE_NUMBER["Patient"]}, migrations.RunSQL.noop),
    ]
