"""Backups that are not on this machine: fetched from a store or from a command's output, and what is known of them."""
