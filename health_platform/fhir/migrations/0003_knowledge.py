"""What the record knows beside FHIR R4: packages, code systems, and what institutions agreed to. No patient's data."""

import django.db.models.deletion
from django.db import migrations, models


CONCEPTS = """
-- `number` counts from 0 in the order of the file; `folded` is what a text filter searches (terminology/stored.py).
CREATE TABLE fhir_concept (
    system bigint NOT NULL REFERENCES fhir_code_system (id) ON DELETE CASCADE,
    number integer NOT NULL,
    code text COLLATE "C" NOT NULL,
    parent text COLLATE "C",
    display text NOT NULL,
    folded text COLLATE "C" NOT NULL,
    designations jsonb,
    properties jsonb,
    PRIMARY KEY (system, code)
);
CREATE UNIQUE INDEX fhir_concept_number ON fhir_concept (system, number);
CREATE INDEX fhir_concept_parent ON fhir_concept (system, parent, number) WHERE parent IS NOT NULL;
CREATE INDEX fhir_concept_folded ON fhir_concept USING gin (folded gin_trgm_ops);
"""

# A process keeps what it has read until the generation is another one. Numbers of a sequence never come back, so a
# change that is undone is not taken for one that was seen.
GENERATION = """
CREATE SEQUENCE fhir_knowledge_change;
CREATE TABLE fhir_knowledge (generation bigint NOT NULL);
INSERT INTO fhir_knowledge VALUES (0);
CREATE FUNCTION fhir_knowledge_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE fhir_knowledge SET generation = nextval('fhir_knowledge_change');
    RETURN NULL;
END $$;
"""


def watch(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION fhir_knowledge_changed()"
    )


WATCHED = ("fhir_package", "fhir_package_resource", "fhir_code_system", "fhir_contract", "fhir_profile_rule")


class Migration(migrations.Migration):
    dependencies = [
        ("fhir", "0002_outbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("organization", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("kr_core", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "fhir_contract",
            },
        ),
        migrations.CreateModel(
            name="LoadedCodeSystem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500)),
                ("version", models.CharField(max_length=100)),
                ("title", models.CharField(max_length=200)),
                ("count", models.PositiveIntegerField(default=0)),
                ("loaded", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "fhir_code_system",
                "constraints": [models.UniqueConstraint(fields=("url", "version"), name="fhir_code_system_once")],
            },
        ),
        migrations.CreateModel(
            name="LoadedPackage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("version", models.CharField(max_length=100)),
                ("canonical", models.CharField(blank=True, max_length=500)),
                ("loaded", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "fhir_package",
                "constraints": [models.UniqueConstraint(fields=("name", "version"), name="fhir_package_once")],
            },
        ),
        migrations.CreateModel(
            name="PackageResource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("resource_type", models.CharField(max_length=40)),
                ("url", models.CharField(max_length=500)),
                ("version", models.CharField(blank=True, max_length=100)),
                ("body", models.TextField()),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="resources", to="fhir.loadedpackage"
                    ),
                ),
            ],
            options={
                "db_table": "fhir_package_resource",
            },
        ),
        migrations.CreateModel(
            name="ProfileRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization", models.CharField(max_length=64)),
                ("resource_type", models.CharField(max_length=64)),
                ("profile", models.CharField(max_length=500)),
                ("required", models.BooleanField()),
            ],
            options={
                "db_table": "fhir_profile_rule",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "profile"), name="fhir_profile_rule_once")
                ],
            },
        ),
        migrations.RunSQL(CONCEPTS, migrations.RunSQL.noop),
        migrations.RunSQL(GENERATION, migrations.RunSQL.noop),
        *(migrations.RunSQL(watch(table), migrations.RunSQL.noop) for table in WATCHED),
    ]
