"""Reads bytes into a parsed document, or raises an error."""
