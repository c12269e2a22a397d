"""Mutation testing of the pure core: ``python -m tools.mutants``."""
