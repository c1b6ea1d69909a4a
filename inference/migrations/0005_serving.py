"""Which version of a model serves is decided by rows that are only added."""

from django.db import migrations, models


APPEND_ONLY = """
CREATE TRIGGER inference_serving_append_only BEFORE UPDATE OR DELETE ON inference_servingdecision
    FOR EACH ROW EXECUTE FUNCTION fhir_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON inference_servingdecision FROM bitgoeul_server;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0004_consent'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServingDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=64)),
                ('champion', models.CharField(max_length=16)),
                ('challenger', models.CharField(blank=True, max_length=16)),
                ('mode', models.CharField(blank=True, max_length=8)),
                ('share', models.FloatField(default=0.0)),
                ('decided_by', models.CharField(max_length=200)),
                ('reason', models.CharField(max_length=1000)),
                ('decided', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'indexes': [models.Index(fields=['model', '-id'], name='serving_newest')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
