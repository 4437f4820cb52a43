"""The verbs of surveys: `rounds.open_round(...)`, `assigning.by_village(...)`, `visits.submit(...)`, `visits.accept(...)` ..."""
