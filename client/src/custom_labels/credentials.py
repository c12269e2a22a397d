"""When the caller's credentials end, where nobody renews them."""

import os
from datetime import UTC, datetime

import boto3

EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
"""The variable in which ``aws configure export-credentials --format env`` says when they do."""


def end_of(session: boto3.Session) -> datetime | None:
    """When they end; None where that is not known, or where they are renewed, as those of a profile or a role are."""
    credentials = session.get_credentials()
    if credentials is None or credentials.method != "env":
        return None
    try:
        end = datetime.fromisoformat(os.environ.get(EXPIRATION, ""))
    except ValueError:
        return None
    return end if end.tzinfo else end.replace(tzinfo=UTC)
