"""An app of the tests: work that counts into a table, step by step."""
