"""The definitions, verified on AWS with nothing deployed and no model started: ``make verify-aws``."""
