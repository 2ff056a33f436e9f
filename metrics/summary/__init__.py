"""Many reports are summed up in one summary."""
