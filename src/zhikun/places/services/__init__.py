"""What is done to areas."""
