"""How far the numbers of a county and year have been given out."""

from __future__ import annotations

from django.db import models


class NumberSeries(models.Model):
    """One series: its prefix and the last number given."""

    prefix = models.CharField(primary_key=True, max_length=30)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.prefix
