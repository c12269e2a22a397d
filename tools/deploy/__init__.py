"""``make deploy``, ``diff``, ``destroy`` and ``bootstrap``: what the credentials reach, handed to the CDK CLI."""
