"""Search by composites and chains, and the search parameters that a city defines itself.

`self` is the hash under which references to a resource stand in fhir_reference (search/parameters/keys.py), so that a
chain finds the resource behind a reference and `_has` the references to a resource, each by one key.
"""

from django.db import migrations

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES

SELF = """
CREATE FUNCTION fhir_self(type smallint, id text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || substr(encode(sha256(
        ((ARRAY[%s])[type] || '/' || id)::bytea), 'hex'), 1, 16))::bit(64)::bigint
$$;
ALTER TABLE fhir_resource ADD COLUMN self bigint GENERATED ALWAYS AS (fhir_self(type, id)) STORED;
CREATE INDEX fhir_resource_self ON fhir_resource (self);
""" % ", ".join(f"'{kind}'" for kind in RESOURCE_TYPES)  # noqa: UP031

# `key` is the hash of the parameter and the first part's code; `keys` the hashes of every part, each marked with its
# place; `lows` and `highs` the ranges of the parts, as written and then in base units; `texts` the strings.
COMPOSITE = """
CREATE TABLE fhir_composite (
    compartment bigint NOT NULL, key bigint NOT NULL, rid bigint NOT NULL, keys bigint[] NOT NULL,
    lows double precision[] NOT NULL, highs double precision[] NOT NULL, texts text[]
);
CREATE INDEX fhir_composite_key ON fhir_composite (key, rid);
CREATE INDEX fhir_composite_rid ON fhir_composite (rid);
"""

# Texts as the modifiers `:text` and the parameters `_text` and `_content` compare them.
TEXTS = """
CREATE FUNCTION fhir_json(body bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_from(body, 'UTF8')::jsonb
$$;
CREATE FUNCTION fhir_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(normalize(regexp_replace(normalize(lower(normalize(value, NFKC)), NFD),
        '[\\u0300-\\u036f]', '', 'g'), NFC), '\\s+', ' ', 'g')
$$;
"""

# A parameter is used in searches once every resource written before it has its index rows (`ready`).
PARAMETERS = """
CREATE TABLE fhir_search_parameter (
    number smallint PRIMARY KEY,
    type smallint NOT NULL,
    code text NOT NULL,
    url text NOT NULL,
    fact jsonb NOT NULL,
    active boolean NOT NULL DEFAULT true,
    indexed_to bigint NOT NULL DEFAULT 0,
    ready boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX fhir_search_parameter_code ON fhir_search_parameter (type, code) WHERE active;
CREATE TABLE fhir_search_generation (generation bigint NOT NULL);
INSERT INTO fhir_search_generation VALUES (1);
"""


class Migration(migrations.Migration):
    dependencies = [("fhir", "0007_compact")]
    operations = [
        migrations.RunSQL(SELF.replace("%", "%%"), migrations.RunSQL.noop),
        migrations.RunSQL(COMPOSITE, migrations.RunSQL.noop),
        migrations.RunSQL(TEXTS, migrations.RunSQL.noop),
        migrations.RunSQL(PARAMETERS, migrations.RunSQL.noop),
    ]
