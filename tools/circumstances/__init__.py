"""``make test`` where it is likely to fail: what `make circumstances` tries."""
