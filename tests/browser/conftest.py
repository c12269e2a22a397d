"""One emulator and one browser for the tests of a module; where there is no Chromium, the tests say so."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.site import DEFECTS, LOGOS, MODELS, SETTINGS
from tests.conftest import Synthesised
from tools.browser import ADVICE, CHROMIUM, Site, chromium, page_widget, serving

expect.set_options(timeout=15_000)
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
def site(browser: Browser, synthesised: Synthesised) -> Iterator[Site]:  # noqa: ARG001 - without one there is no need
    with serving(synthesised(SETTINGS), MODELS) as deployed:
        yield deployed


@pytest.fixture
def stopped(site: Site) -> Site:
    """The site with both models stopped, and nobody holding them."""
    for arn in (DEFECTS, LOGOS):
        site.put(arn, "STOPPED")
        site.put_item(arn)
    return site


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens the page alone, refreshed twice a second; nothing may go wrong in the browser."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)

    def opened(*, tolerates: str | None = None, **query: str) -> Page:
        """``tolerates``: what Chromium's messages may begin with."""

        def said(message: ConsoleMessage) -> None:
            if message.type == "error" and not (tolerates and message.text.startswith(tolerates)):
                wrong.append(message.text)

        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", said)
        page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        asked = {"refresh": "0.5", "widget": str(page_widget(site)), **query}
        page.goto(f"{site.endpoint}/console?{'&'.join(f'{name}={value}' for name, value in asked.items())}")
        expect(page.locator(".cll h2").first).to_be_visible()
        return page

    yield opened
    context.close()
    assert wrong == []
