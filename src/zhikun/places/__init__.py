"""Administrative areas by official code, and how codes changed."""
