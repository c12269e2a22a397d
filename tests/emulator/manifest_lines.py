"""Manifests as SageMaker Ground Truth writes them."""

import json
from typing import Any

SPORTS = ("football", "tennis")


def line(number: int, label: str | None = None) -> dict[str, Any]:
    """An image with an image-level label, a different one for odd and even numbers where none is given."""
    metadata = {
        "class-name": label or SPORTS[number % 2],
        "confidence": 1,
        "type": "groundtruth/image-classification",
        "job-name": "identify-sport",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
    }
    return {"source-ref": f"s3://images/{number}.png", "sport": 1, "sport-metadata": metadata}


def boxed(number: int, *labels: str, class_map: dict[str, str] | None = None) -> dict[str, Any]:
    """An image with bounding boxes."""
    box = {"top": 65, "left": 86, "width": 220, "height": 334}
    return {
        "source-ref": f"s3://images/{number}.png",
        "box": {
            "image_size": [{"width": 640, "height": 480, "depth": 3}],
            "annotations": [{"class_id": index, **box} for index, _ in enumerate(labels)],
        },
        "box-metadata": {
            "objects": [{"confidence": 1} for _ in labels],
            "class-map": {str(index): label for index, label in enumerate(labels)} if class_map is None else class_map,
            "type": "groundtruth/object-detection",
        },
    }


def lines(*given: Any) -> bytes:
    """A manifest of these lines; what is text stays as it is."""
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in given).encode()


def manifest(images: int, label: str | None = None) -> bytes:
    """A manifest of so many images."""
    return lines(*(line(number, label) for number in range(images)))
