"""Demo counties: generated households whose computed scores reproduce a published table. No real person is in them."""

from zhikun.intake.demo.county import COUNTIES, NOTE, STABLE_FROM, STABLE_UNTIL, SURVEY_DAY, UnknownCounty, generate

__all__ = ["COUNTIES", "NOTE", "STABLE_FROM", "STABLE_UNTIL", "SURVEY_DAY", "UnknownCounty", "generate"]
