"""Names that have to be unique where AWS gives them few characters. Pure."""

import hashlib

_DIGEST = 10


def fitting(name: str, longest: int) -> str:
    """A name as it is; where it is too long its beginning, and a digest that tells it from others."""
    return name if len(name) <= longest else f"{name[: longest - _DIGEST - 1]}-{digest(name)}"


def digest(*texts: str) -> str:
    """Ten characters that tell these texts from others."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGEST]
