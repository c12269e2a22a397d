"""What docs/benchmarks.md reports, each figure by a command."""
