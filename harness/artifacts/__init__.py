"""What a backup is made of, read as streams: SQL scripts (`dump/`), storage directories and archives (`storage/`)."""
