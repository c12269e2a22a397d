"""The Lambda functions: a thin file each."""
