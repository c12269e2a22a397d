"""The error with which an inbox's run ends beside those of the contract; named like them, as ``errors`` describes."""

from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ServiceUnavailable


class InboxBlocked(LifecycleError):
    """Images wait, and none could be labelled: the model is down, images or results are denied, or nothing goes on."""

    remedy = (
        "Nothing is lost: images wait in the queue, and the inbox tries again by itself.\n"
        "Mend what the message names; 'custom-labels inbox resume' then tries at once."
    )


INBOX_ERRORS = (InvalidRequest, InboxBlocked, AccessDenied, ServiceUnavailable)
"""The errors with which an execution of DrainInbox can fail."""
