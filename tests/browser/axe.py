"""What keeps people from reading a page, as axe sees it."""

from playwright.sync_api import Page

from tools.browser import ROOT

_AXE = ROOT / "tools" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """The rules that a page breaks, each with the first place."""
    page.evaluate(_AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html']}" for one in found]
