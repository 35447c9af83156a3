"""What people type and see: commands, their options, the configuration file, what is done after a run."""
