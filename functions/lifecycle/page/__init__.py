"""The page on the dashboard: what it shows, and what its buttons do."""
