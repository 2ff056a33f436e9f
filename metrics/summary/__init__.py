"""Many reports, one summary."""
