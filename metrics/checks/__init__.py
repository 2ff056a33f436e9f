"""Checks of reports against limits: the gate, limits, configurations and baselines."""
