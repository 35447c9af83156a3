"""What a scenario file may say, and what it expects of its drill; the shipped scenarios are in `shipped/`."""
