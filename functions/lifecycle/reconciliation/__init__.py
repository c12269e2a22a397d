"""Reconciliation: what ended executions leave behind, the sweep, and the removal of the stack."""
