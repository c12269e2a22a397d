"""Schedules: when a cron comes, and what a tick does."""
