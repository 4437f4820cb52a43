"""What the registry's pages draw."""
