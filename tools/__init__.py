"""What ``make`` runs beside the app: ``bill``, ``removal``, ``schedules`` for a deployed stack, the rest to develop."""
