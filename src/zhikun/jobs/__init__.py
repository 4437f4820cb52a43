"""Work in the background: queued in the database, resumed after a kill, shown with its progress."""
