"""From results to bytes: one folder per command, one module per format."""
