"""Entries can only be added: triggers refuse everything else. Indexes for areas and periods."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from zhikun.audit import guards


def put_up(apps, schema_editor):
    guards.put_up(schema_editor.connection)


def take_down(apps, schema_editor):
    guards.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="officer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="操作人",
            ),
        ),
        migrations.AddIndex(model_name="entry", index=models.Index(fields=["at"], name="audit_at")),
        migrations.RunPython(put_up, take_down),
    ]
