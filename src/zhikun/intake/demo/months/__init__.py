"""Months of department files for the demo county and for a province of people who do not exist: `zhikun demo months`."""

from zhikun.intake.demo.months.write import LIKE, MANIFEST, Asked, Made, MonthsRefused, write_months

__all__ = ["LIKE", "MANIFEST", "Asked", "Made", "MonthsRefused", "write_months"]
