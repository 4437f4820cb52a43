"""What changes the warnings that the office has before it."""
