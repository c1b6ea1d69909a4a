"""The history of a type and of the system reads the newest versions first, whatever their number."""

from django.db import migrations

INDEX = "CREATE INDEX fhir_history_updated ON fhir_history (type, last_updated, rid, version)"


class Migration(migrations.Migration):
    dependencies = [("fhir", "0008_exchange")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX fhir_history_updated")]
