"""Comparing two states of diagrams: what changed, and by how much."""
