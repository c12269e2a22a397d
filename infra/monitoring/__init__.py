"""Alarms, the dashboard, log queries, metrics."""
