"""Metrics: one table of them, and the measurements of an end and of a sweep."""
