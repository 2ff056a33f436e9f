"""From paths to files to reports."""
