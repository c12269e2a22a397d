"""AWS, one module for each service: what the core sees as the protocols of ``lifecycle.ports``."""
