"""What is still to be written into the record of an assessment; null for those whose resources stand already."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inference", "0006_triage_record_lock")]
    operations = [migrations.AddField("triagerecord", "bundle", models.BinaryField(null=True))]
