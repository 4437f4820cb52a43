"""The verbs of assessment: `run.assess(...)`, `provisional.of(...)`."""
