"""The settings in cdk.json: how they are checked, and what is derived from them. No CDK."""
