"""Summarizes many reports."""
