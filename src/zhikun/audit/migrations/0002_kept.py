"""Entries can only be added: triggers refuse everything else. An index for periods."""

from django.db import migrations, models

from zhikun.audit import guards


def put_up(apps, schema_editor):
    guards.put_up(schema_editor.connection)


def take_down(apps, schema_editor):
    guards.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddIndex(model_name="entry", index=models.Index(fields=["at"], name="audit_at")),
        migrations.RunPython(put_up, take_down),
    ]
