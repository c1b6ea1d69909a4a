"""Search by composites, and what sorting needs."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("fhir", "0007_compact")]
    operations: list[migrations.RunSQL] = []
