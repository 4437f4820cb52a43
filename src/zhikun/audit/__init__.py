"""Who did or saw what of whom, when and why: a chain of entries that is only ever added to."""
