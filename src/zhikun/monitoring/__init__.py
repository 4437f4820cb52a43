"""预警: the month's warnings as the office works with them. What they rest on stays with the screening room."""
