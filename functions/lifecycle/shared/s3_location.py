"""Places in Amazon S3, as the settings name them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a bucket, or all of it.

    Parameters
    ----------
    folder : str
        Ends with ``/``, so that ``line-1`` does not stand for ``line-10``; empty for the whole bucket.
    """

    bucket: str
    folder: str

    @classmethod
    def parse(cls, uri: str) -> "Place":
        """Of ``s3://bucket/folder``, with or without a slash at its end."""
        bucket, _, folder = uri.removeprefix("s3://").partition("/")
        folder = folder.strip("/")
        return cls(bucket, f"{folder}/" if folder else "")

    def holds(self, other: "Place") -> bool:
        """Whether another place is this one, or lies in it."""
        return other.bucket == self.bucket and other.folder.startswith(self.folder)

    def touches(self, other: "Place") -> bool:
        """Whether anything may lie in both: one of the two is the other, or lies in it."""
        return self.holds(other) or other.holds(self)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.folder}"
