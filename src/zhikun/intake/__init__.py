"""Files that come in from people and departments: surveys first, checked row by row."""
