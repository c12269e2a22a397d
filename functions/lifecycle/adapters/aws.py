"""What every boto3 client of this app has in common: its timeouts, no retries, and its errors translated once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - their name

from lifecycle.errors import AccessDenied, LifecycleError, ServiceUnavailable

CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
"""No retries in the SDK: the state machine retries, where it can be seen. The timeouts, together, stay under the
shortest Lambda timeout, so that a call without an answer is an error we name."""

PATIENT_CONFIG = CLIENT_CONFIG.merge(Config(retries={"total_max_attempts": 5, "mode": "standard"}))
"""For the functions that no state machine retries at once: Settle and Sweep."""

WAITING_CONFIG = CLIENT_CONFIG.merge(Config(read_timeout=310))
"""For the call of another function: longer than the longest of them may take, and once."""

ErrorTable = Mapping[str, type[LifecycleError]]

DENIED: ErrorTable = {
    "AccessDeniedException": AccessDenied,
    "AccessDenied": AccessDenied,
    "AuthorizationError": AccessDenied,  # SNS
}


THROTTLING = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "SlowDown",
    }
)
"""Codes with which an API says that there were too many calls: of botocore's list for its standard retries, those that
never mean anything else (a LimitExceededException may be a quota)."""


@contextmanager
def errors_of(
    operation: str,
    *,
    errors: ErrorTable = DENIED,
    arn: str | None = None,
    no_answer: type[LifecycleError] = ServiceUnavailable,
) -> Iterator[None]:
    """Translate the errors of a boto3 call into this app's.

    Parameters
    ----------
    operation : str
        As the API reference names it, for the message.
    errors : Mapping
        Error code to class. A code that is not in it is ServiceUnavailable: retried, then reported by its own name.
    arn : str, optional
        The model version that the call is about.
    no_answer : type, optional
        The error where the connection failed or no answer came in time.
    """
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise errors.get(code, ServiceUnavailable)(
            f"{operation} answered {code}: {message}", project_version_arn=arn, throttled=code in THROTTLING
        ) from error
    except (HTTPClientError, ConnectionError) as error:
        raise no_answer(f"{operation} got no answer: {error}", project_version_arn=arn) from error
