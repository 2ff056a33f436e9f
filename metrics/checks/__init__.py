"""Reports against limits."""
