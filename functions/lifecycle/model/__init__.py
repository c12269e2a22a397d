"""A model version: its statuses, what they mean for a start and a stop, its leases, its use and its bill. Pure."""
