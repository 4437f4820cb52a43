"""Results lie beside the database from here on. Runs of before had theirs in a table and are assessed anew when they are wanted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel(name="Result"),
        migrations.RunSQL("DELETE FROM assessments_run", migrations.RunSQL.noop, elidable=True),
        migrations.AddField("run", "area_last", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField(
            "run",
            "state",
            models.CharField(
                choices=[("active", "进行中"), ("done", "已完成"), ("same", "与以前的评估相同"), ("stopped", "已停止")],
                default="active", max_length=10, verbose_name="状态",
            ),
        ),
        migrations.AddField(
            "run",
            "same_as",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="again", to="assessments.run"
            ),
        ),
        migrations.AddField("run", "seen", models.CharField(blank=True, max_length=64)),
        migrations.AlterField("run", "fingerprint", models.CharField(blank=True, max_length=64)),
        migrations.AlterField("run", "households", models.PositiveIntegerField(default=0, verbose_name="户数")),
        migrations.AlterField(
            "run", "undetermined", models.PositiveIntegerField(default=0, verbose_name="还不能确定的户数")
        ),
        migrations.AlterField(
            "run",
            "started_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL,
                verbose_name="发起人",
            ),
        ),
        migrations.AlterField("run", "started_at", models.DateTimeField(auto_now_add=True, verbose_name="发起时间")),
        migrations.AddField("run", "listed_at", models.DateTimeField(null=True)),
        migrations.AddField("run", "finished_at", models.DateTimeField(null=True, verbose_name="完成时间")),
        migrations.AddField("run", "current_at", models.DateTimeField(null=True)),
        migrations.AddIndex("run", models.Index(fields=["state", "-current_at"], name="run_current")),
        migrations.AddConstraint(
            "run",
            models.UniqueConstraint(
                condition=models.Q(("state", "active")), fields=("area", "on", "pack_hash"), name="one_run_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            "run",
            models.UniqueConstraint(condition=models.Q(("state", "done")), fields=("fingerprint",), name="run_once"),
        ),
    ]
