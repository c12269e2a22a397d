"""Faults: the functions and state machines of this app in a simulated account, in which everything may fail."""
