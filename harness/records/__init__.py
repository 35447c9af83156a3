"""What stays of a run: its directory, the history, signed evidence, and the published schemas of all of it."""
