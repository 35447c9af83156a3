"""Taking a backup along the guide: dump, storage directory, and the manifest that says what is in it."""
