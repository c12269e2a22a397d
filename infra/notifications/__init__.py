"""The topics, the event bus, chat channels."""
