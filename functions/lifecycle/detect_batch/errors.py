"""The errors with which DetectBatch fails beside those of the contract; named like them, as ``errors`` describes."""

from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ModelNotFound, ServiceUnavailable


class ModelNotRunning(LifecycleError):
    """The model is not RUNNING, or did not stay so until the last image."""

    remedy = (
        "Let RunWithModel run the batch: it starts the model, and holds a lease on it. Its LeaseMinutes have to be "
        "enough for the whole batch; 0 holds it until the batch has ended."
    )


class TooManyFailures(LifecycleError):
    """More images failed than ToleratedFailurePercentage allows."""

    remedy = "Mend or remove these images, or start again with a larger ToleratedFailurePercentage."


class ResultsNotWritten(LifecycleError):
    """Step Functions could not write the results."""

    remedy = (
        "The bucket of 'detect_batch.results' has to be in this account and Region. If it has a policy, or a key of "
        "its own, they have to allow the role of DetectBatch to write there."
    )


BATCH_ERRORS = (
    InvalidRequest,
    ModelNotFound,
    ModelNotRunning,
    TooManyFailures,
    ResultsNotWritten,
    AccessDenied,
    ServiceUnavailable,
)
"""The errors with which an execution of DetectBatch can fail."""
