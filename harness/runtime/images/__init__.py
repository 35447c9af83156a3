"""Images made from Debian packages and wheels alone, for where no image registry can be reached."""
