"""What the pages of the registry read."""
