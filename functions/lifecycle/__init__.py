"""The core of the app: pure decisions, and the thin adapters to AWS beside them."""
