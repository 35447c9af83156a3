"""Taking a backup along the documented procedure: dump, storage directory, and the manifest that says what is in it."""
