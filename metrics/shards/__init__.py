"""A scan in parts, on many machines: plan it, run its shards, collect their lines."""
