"""The rules engine: packs, formulas, plans, runs. No clock, no settings, no randomness, no Django."""
