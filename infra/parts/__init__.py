"""What constructs share: functions, state machines, queues, grants, the bundle."""
