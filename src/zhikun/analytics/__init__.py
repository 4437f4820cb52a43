"""Read-only views across what runs found: statistics, pictures, what-if, measures of poverty."""
