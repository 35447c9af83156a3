"""The documented procedure: taking a backup, restoring it, and reading what an instance holds."""
