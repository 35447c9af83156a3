"""What an operator hands in: which files make up the backup, found by their content, and what they must hold."""
