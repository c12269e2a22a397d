"""How DetectCustomLabels refuses an image: one table of what each of its errors means. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Meaning(StrEnum):
    """What an error says, and so whom it is about."""

    BROKEN_IMAGE = "broken image"
    """The image itself: of no format, size or name that the model takes. It will be refused tomorrow too."""
    UNCLEAR = "broken, or not readable"
    """The image may be broken, or nobody may read it: only reading it as Amazon Rekognition does tells."""
    NOT_RUNNING = "model not running"
    NO_MODEL = "no such model"
    DENIED = "denied"
    THROTTLED = "throttled"
    """Another try, later, will do."""
    SERVICE = "error of the service"
    """Another try will probably do."""
    UNKNOWN = "unknown"
    """An error that no documentation knows: nobody may say of an image that it is broken for that."""


_MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        # Amazon Rekognition API reference, DetectCustomLabels, "Errors"
        "InvalidImageFormatException": Meaning.BROKEN_IMAGE,
        "ImageTooLargeException": Meaning.BROKEN_IMAGE,
        "InvalidParameterException": Meaning.BROKEN_IMAGE,
        "InvalidS3ObjectException": Meaning.UNCLEAR,
        "ResourceNotReadyException": Meaning.NOT_RUNNING,
        "ResourceNotFoundException": Meaning.NO_MODEL,
        "AccessDeniedException": Meaning.DENIED,
        "LimitExceededException": Meaning.THROTTLED,
        "ProvisionedThroughputExceededException": Meaning.THROTTLED,
        "ThrottlingException": Meaning.THROTTLED,
        "InternalServerError": Meaning.SERVICE,
        # As Step Functions names them, after the classes of AWS's Java SDK, and what it has of its own
        "InternalServerErrorException": Meaning.SERVICE,
        "SdkClientException": Meaning.SERVICE,
        "RekognitionException": Meaning.SERVICE,  # any that is not documented; a refused key is named before
        "States.Timeout": Meaning.SERVICE,
        # Amazon Rekognition API reference, "Common Errors": a key that its pattern of names refuses
        "ValidationException": Meaning.BROKEN_IMAGE,
        "ServiceUnavailable": Meaning.SERVICE,
        "InternalFailure": Meaning.SERVICE,
    }
)


def meaning(error: str) -> Meaning:
    """What an error of DetectCustomLabels means, by its code."""
    return _MEANINGS.get(error, Meaning.UNKNOWN)


def errors_that_mean(*meanings: Meaning) -> tuple[str, ...]:
    """The codes of all errors that mean one of these."""
    return tuple(error for error, means in _MEANINGS.items() if means in meanings)
