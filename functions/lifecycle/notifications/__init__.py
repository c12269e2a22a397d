"""Notifications: what people and pipelines are sent when an execution has ended."""
