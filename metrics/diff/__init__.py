"""What changed between two states of diagrams."""
