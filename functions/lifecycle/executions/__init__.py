"""What the executions of all state machines have in common: requests, steps, outcomes, client tokens."""
