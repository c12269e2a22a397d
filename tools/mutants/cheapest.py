"""A plugin of pytest: the cheapest tests first, as the first one that fails is enough."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of many examples come late, those that need the app synthesised last."""
    items.sort(key=lambda item: ("synthesised" in getattr(item, "fixturenames", ()), _has_many_examples(item)))


def _has_many_examples(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "obj", None), "hypothesis")
