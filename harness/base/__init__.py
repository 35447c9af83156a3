"""What every room may use: values, errors, settings, limits, waiting, time; nothing here knows another room."""
