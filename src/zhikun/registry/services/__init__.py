"""The verbs of the registry. Import the module, so that its name is part of the verb: `household.register(...)`."""
