"""Personal data in the database: sealed fields, blind indexes, masks on pages."""
