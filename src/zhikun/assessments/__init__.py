"""A pack applied to the facts of the registry: results that are kept, and the bridge between the two."""
