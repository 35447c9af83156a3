"""The commands, one file each: options, the call of the flow, and what is printed."""
