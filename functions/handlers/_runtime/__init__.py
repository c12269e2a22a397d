"""What the handlers share: their entry, the delivery of notifications, metrics."""
