"""One emulator and one browser for the tests of a module; where there is no Chromium, the tests say so."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.assemblies import Assemblies
from tests.browser.settings import CONFIGURATION, MODELS
from tests.browser.site import let_nothing_go_on
from tools.browser import ADVICE, CHROMIUM, Site, chromium, page_widget, serving

PATIENCE = 60_000
"""Milliseconds, on a machine that is busy."""
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def browser_assembly(assemblies: Assemblies) -> Path:
    """The synthesised app, made together with those of the run's other tests."""
    return assemblies.of(CONFIGURATION)


@pytest.fixture(scope="module")
def site(browser: Browser, browser_assembly: Path) -> Iterator[Site]:  # noqa: ARG001 - without one there is no need
    with serving(browser_assembly, MODELS, starting=3600, stopping=3600) as deployed:
        yield deployed


@pytest.fixture
def stopped(site: Site) -> Site:
    """The site with its models stopped, and nobody holding them. A model stays in a status until a test ends that."""
    let_nothing_go_on(site)
    for arn in MODELS:
        site.put(arn, "STOPPED")
        site.put_item(arn)
    return site


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens the page alone, refreshed as often as it is asked for; nothing may go wrong in the browser."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)

    def opened(*, tolerates: str | None = None, **query: str) -> Page:
        """``tolerates``: what Chromium's messages may begin with."""

        def said(message: ConsoleMessage) -> None:
            if message.type == "error" and not (tolerates and message.text.startswith(tolerates)):
                wrong.append(message.text)

        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", said)
        page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        asked = {"refresh": "0", "widget": str(page_widget(site)), **query}
        page.goto(f"{site.endpoint}/console?{'&'.join(f'{name}={value}' for name, value in asked.items())}")
        expect(page.locator(".cll h2").first).to_be_visible()
        return page

    yield opened
    context.close()
    assert wrong == []
