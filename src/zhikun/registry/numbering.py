"""Household numbers: county code, year of opening, running number. Told to people, printed on letters, never reused."""

from __future__ import annotations

from django.db import transaction

from zhikun.registry.models.numbering import NumberSeries


@transaction.atomic
def next_number(area: int, year: int, count: int = 1) -> str:
    """The next number of the county in the year, 640402-2026-000123; with `count`, the first of so many."""
    prefix = f"{area // 1_000_000}-{year}"
    NumberSeries.objects.get_or_create(prefix=prefix)
    series = NumberSeries.objects.select_for_update().get(prefix=prefix)
    first = series.last + 1
    series.last += count
    series.save(update_fields=["last"])
    return f"{prefix}-{first:06d}"
