"""At each width that people have, nothing of the page is cut, hidden or laid over something else."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from lifecycle.page.html import THEMES
from tests.browser.axe import violations
from tools.pages import STATES, WIDTHS, html_of, opened

pytestmark = pytest.mark.xdist_group("browser")

MISPLACED = """() => {
  const found = [], wide = document.documentElement.clientWidth;
  const tell = (what, one) => found.push(`${what}: ${one.localName}.${one.className} ${one.textContent.trim().slice(0, 40)}`);
  const shown = [...document.querySelectorAll("header *, main *")].filter((one) => one.getClientRects().length);
  for (const one of shown) {
    const box = one.getBoundingClientRect();
    if (box.left < -0.5 || box.right > wide + 0.5) tell("beyond the window", one);
    const frame = one.parentElement.closest("header, article, section, li, td, th, p, div")?.getBoundingClientRect();
    if (frame && (box.left < frame.left - 0.5 || box.right > frame.right + 0.5)) tell("beyond its frame", one);
    if (one.clientWidth && one.scrollWidth > one.clientWidth + 1) tell("cut", one);
  }
  const buttons = shown.filter((one) => ["button", "select"].includes(one.localName)).map((one) => [one, one.getBoundingClientRect()]);
  for (const [one, a] of buttons) {
    for (const [other, b] of buttons) {
      const apart = a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
      if (one !== other && !apart) tell("laid over another", one);
    }
    one.scrollIntoView({ block: "center" });
    const at = one.getBoundingClientRect();
    const hit = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
    if (!one.contains(hit)) tell("can't be clicked", one);
  }
  if (document.documentElement.scrollWidth > wide) found.push("the window scrolls sideways");
  return found;
}"""  # noqa: E501 - JavaScript


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_hidden_or_laid_over_something_else(browser: Browser, state: str, width: int) -> None:
    page = opened(browser, html_of(state, "light"), width=width)
    assert page.locator(".cll button").count() >= 1
    assert page.evaluate(MISPLACED) == []
    page.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_everybody_can_read_every_state(browser: Browser, state: str, theme: str) -> None:
    """axe finds nothing: names, roles, contrast."""
    page = opened(browser, html_of(state, theme), width=800, theme=theme)
    assert violations(page) == []
    page.close()


def test_what_is_in_a_row_stands_under_what_is_in_the_row_above(browser: Browser) -> None:
    """Also where a model can't be started, and has no button."""
    page = opened(browser, html_of("stopped", "light"), width=1280)
    boxes: list[Any] = [one.bounding_box() for one in page.locator(".cll-facts").all()]
    assert len({box["x"] for box in boxes}) == 1
    assert len(boxes) == 3
    page.close()


@pytest.mark.parametrize(
    ("style", "says"),
    [
        (".cll-who { white-space: nowrap }", "cut"),
        (".cll-who { white-space: nowrap; min-width: max-content !important }", "beyond the window"),
        (".cll-who { overflow: hidden; white-space: nowrap }", "cut"),
        (".cll-acts { margin-right: -60px }", "beyond its frame"),
        (".cll-acts button { margin-left: -30px !important }", "laid over another"),
        (".cll-do { position: relative; z-index: -1 }", "can't be clicked"),
    ],
)
def test_the_measure_finds_what_it_is_for(browser: Browser, style: str, says: str) -> None:
    page = opened(browser, html_of("thirty", "light"), width=390)
    page.add_style_tag(content=style)
    assert any(says in one for one in page.evaluate(MISPLACED))
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_question_and_its_answer_fit(browser: Browser, width: int) -> None:
    """With the longest names that there are."""
    page = opened(browser, html_of("thirty", "light"), width=width)
    page.get_by_role("button", name="Release the lease run/xxx").first.click()
    for dialog in ("#confirm", "#popup"):
        expect(page.locator(dialog)).to_be_visible()
        assert inside(page, dialog, width)
        if dialog == "#confirm":
            page.get_by_role("button", name="Confirm").click()
    page.close()


def inside(page: Page, dialog: str, width: int) -> bool:
    box: Any = page.locator(dialog).bounding_box()
    fits: bool = page.locator(dialog).evaluate("one => one.scrollWidth <= one.clientWidth")
    return fits and box["x"] >= 0 and box["x"] + box["width"] <= width


def test_while_the_function_has_not_answered_it_says_that_it_is_loading(browser: Browser) -> None:
    page = opened(browser, None, width=800)
    expect(page.get_by_role("group", name="Custom Labels models")).to_have_text("Loading ...")
    expect(page.locator("#state")).to_have_text("Loading ...")
    page.close()


def test_what_only_cloudwatch_draws_is_a_line_that_opens(browser: Browser) -> None:
    page = opened(browser, html_of("running", "light"), width=1280)
    line = page.locator("details", has_text="USD per hour")
    closed: Any = line.bounding_box()
    assert closed["height"] < 30
    expect(line.locator("summary")).to_have_text("USD per hour (a graph that only CloudWatch draws)")
    line.locator("summary").click()
    expect(line.get_by_text("Lifecycle EstimatedCost Model defects")).to_be_visible()
    page.close()
