"""Processes, signals, output and progress; nothing here knows of diagrams."""
