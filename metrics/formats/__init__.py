"""From results to bytes: one folder a command, one module a format."""
