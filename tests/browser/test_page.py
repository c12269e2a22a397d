"""The page in a real browser: what it shows, what its buttons do, and that nothing else happens."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Open
from tests.browser.settings import DEFECTS, LOGOS, OTHERS
from tests.browser.site import executions, input_of
from tests.deployed.executions import wait_until
from tools.browser import Site

pytestmark = pytest.mark.xdist_group("browser")  # in one process: they share an emulator and a browser


def card(page: Page, name: str = "defects") -> Locator:
    return page.locator(f"section[aria-label='{name}']")


def widget(page: Page) -> Locator:
    """What the page is in: one of the dashboard's many widgets."""
    return page.get_by_role("group", name="Custom Labels models")


def confirm(page: Page, asks: str) -> None:
    """What a button has asked is confirmed; the answer is closed."""
    expect(page.locator("#confirm")).to_contain_text(asks)
    page.get_by_role("button", name="Confirm").click()


def closed(page: Page, says: str) -> None:
    expect(page.locator("#popup")).to_contain_text(says)
    page.get_by_role("button", name="Close").click()


def held(site: Site, arn: str, *lease_ids: str, minutes: int = 90) -> None:
    """A model that runs since an hour ago under these leases, settled long ago."""
    now = datetime.now(UTC)
    wire = [
        {"LeaseId": one, "Since": f"{now:%FT%TZ}", "ExpiresAt": f"{now + timedelta(minutes=minutes):%FT%TZ}"}
        for one in lease_ids
    ]
    starts = [
        {"RequestedAt": f"{now - timedelta(days=day):%FT%TZ}", "LongerThan": 600, "AtMost": took}
        for day, took in ((3, 660), (2, 720), (1, 690))
    ]
    running = {"Since": f"{now - timedelta(hours=1):%FT%TZ}", "MinInferenceUnits": 1}
    site.put_item(arn, Leases=wire, Managed=True, Running=running, Starts=starts)
    site.put(arn, "RUNNING")


def asked(site: Site, of: str, begins: str) -> Any:
    """The input of the one execution whose name begins so."""
    (name,) = wait_until(lambda: [one for one in executions(site, of) if one.startswith(begins)])
    return input_of(site, of, name)


def test_it_says_what_runs_for_whom_at_what_cost_and_until_when(stopped: Site, open_page: Open) -> None:
    held(stopped, DEFECTS, "line-1", "line-2")
    page = open_page()
    head = page.locator(".cll h2").first
    expect(head).to_have_text("1 model runs: USD 4.00 per hour")
    expect(card(page).locator("li").first).to_contain_text("line-1")
    expect(card(page).locator("li").first).to_contain_text(re.compile(r"\(1 h \d+ min left\)"))
    expect(card(page)).to_contain_text("USD 4.00")
    expect(card(page).get_by_role("img")).to_have_accessible_name("The last 3 starts took 11 min, 12 min, 11 min 30 s")
    expect(card(page)).to_contain_text("Schedule office-hours")
    expect(card(page, "logos")).to_contain_text("USD 8.00 per hour when it runs")


def test_a_model_is_started_runs_and_is_stopped_from_the_page(stopped: Site, open_page: Open) -> None:
    page = open_page(refresh="1")
    status = card(page).locator(".cll-status")
    expect(status).to_have_text("STOPPED")
    card(page).get_by_label("Run for: defects").select_option("30")
    card(page).get_by_role("button", name="Start defects").click()
    confirm(page, "Once it is RUNNING, it costs USD 4.00 per hour")
    closed(page, "It is being started")
    given = asked(stopped, "StartModel", "console-start-defects-")
    assert (given["Model"], given["LeaseId"], given["LeaseMinutes"]) == ("defects", "dashboard", 30)
    expect(status).to_have_text("STARTING")
    expect(card(page)).to_contain_text("its start is under way")
    stopped.put(DEFECTS, "RUNNING")
    expect(status).to_have_text("RUNNING")
    card(page).get_by_role("button", name="Stop defects").click()
    confirm(page, "It ends 1 lease: dashboard.")
    closed(page, "It is being stopped")
    assert asked(stopped, "StopModel", "console-stop-defects-")["Force"] is True
    expect(status).to_have_text("STOPPING")
    stopped.put(DEFECTS, "STOPPED")
    expect(status).to_have_text("STOPPED")
    expect(page.locator(".cll h2").first).to_contain_text("No model")


def test_a_lease_is_extended_and_released_from_the_page(stopped: Site, open_page: Open) -> None:
    began = time.monotonic()
    held(stopped, LOGOS, "line-1", "line-2", minutes=60)
    page = open_page(refresh="1")
    card(page, "logos").get_by_label("Keep or extend for: logos").select_option("120")
    card(page, "logos").get_by_role("button", name="Extend the lease line-1 of logos").click()
    confirm(page, "Each further hour costs USD 4.00")
    closed(page, "Its lease is being extended")
    given = asked(stopped, "StartModel", "console-extend-logos-")
    assert given["LeaseId"] == "line-1"
    passed = (time.monotonic() - began) / 60
    assert 178 - passed <= given["LeaseMinutes"] <= 181
    expect(card(page, "logos").locator("li", has_text="line-1")).to_contain_text(re.compile(r"\(2 h 5\d min left\)"))
    card(page, "logos").get_by_role("button", name="Release the lease line-2 of logos").click()
    confirm(page, "It keeps running for line-1")
    closed(page, "The lease is being released")
    assert asked(stopped, "StopModel", "console-release-logos-")["LeaseId"] == "line-2"
    expect(card(page, "logos").locator("li", has_text="line-2")).to_have_count(0)


def test_cancelling_does_nothing(stopped: Site, open_page: Open) -> None:
    held(stopped, DEFECTS, "line-1")
    page = open_page()
    before = [*executions(stopped, "StartModel"), *executions(stopped, "StopModel")]
    cancel: Callable[[], None] = page.get_by_role("button", name="Cancel").click
    for leave in (cancel, partial(page.keyboard.press, "Escape")):
        for name in (
            "Keep running: defects",
            "Extend the lease line-1 of defects",
            "Release the lease",
            "Stop defects",
        ):
            card(page).get_by_role("button", name=name).click()
            expect(page.locator("#confirm")).to_be_visible()
            leave()
            expect(page.locator("#confirm")).to_be_hidden()
    assert page.locator("#popup").is_hidden()
    assert [*executions(stopped, "StartModel"), *executions(stopped, "StopModel")] == before


@pytest.mark.usefixtures("stopped")
def test_a_double_click_starts_one_execution(open_page: Open) -> None:
    """The second click is on the same page; it is answered with the first one's execution."""
    page = open_page()
    names: list[str] = []
    for says in ("It is being started.", "This click was received before: it starts nothing more."):
        card(page, "logos").get_by_role("button", name="Start logos").click()
        # The answer refreshes the page; here what was rendered first is clicked again.
        shown = widget(page).inner_html() if not names else ""
        confirm(page, "Start logos")
        expect(page.locator("#popup")).to_contain_text(says)
        names.append(page.locator("#popup a").inner_text())
        page.get_by_role("button", name="Close").click()
        if shown:
            widget(page).evaluate("(body, html) => { body.innerHTML = html }", shown)
    assert len(set(names)) == 1


def test_who_may_only_view_sees_all_and_is_refused_at_the_first_click(stopped: Site, open_page: Open) -> None:
    page = open_page()
    before = executions(stopped, "StartModel")
    page.get_by_label("View as").select_option("CustomLabelsLifecycle-us-east-1-viewers")
    expect(card(page)).to_be_visible()
    needed = "The buttons need the policy CustomLabelsLifecycle-us-east-1-operators"
    expect(page.locator(".cll")).to_contain_text(needed)
    card(page).get_by_role("button", name="Start defects").click()
    confirm(page, "Start defects")
    closed(page, "is not authorized to perform: lambda:InvokeFunction")
    assert executions(stopped, "StartModel") == before


# --- What others have written is text ---------------------------------------------------------------------------------

HOSTILE = """<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>'"></p><svg onload=window.hacked=3>"""


def test_text_of_others_is_shown_as_it_is_and_injects_nothing(stopped: Site, open_page: Open, page_html: Any) -> None:
    """Beside what StatusMessage may have, an item that somebody has written by hand."""
    stopped.put(DEFECTS, "FAILED", f"It failed: {HOSTILE}")
    held(stopped, LOGOS, f"line {HOSTILE}")
    page = open_page()
    expect(card(page)).to_contain_text(f"It failed: {HOSTILE}")
    expect(card(page, "logos")).to_contain_text(f"line {HOSTILE}")
    card(page, "logos").get_by_role("button", name="Release the lease").click()
    expect(page.locator("#question")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Confirm").click()
    closed(page, "is not the id of a lease")
    assert page.evaluate("window.hacked") is None
    # Nor without what the host does against scripts.
    bare = page.context.new_page()
    bare.set_content(page_html())
    expect(bare.locator("body")).to_contain_text(f"It failed: {HOSTILE}")
    assert bare.evaluate("window.hacked") is None
    assert bare.locator("img, script").count() == 0


def test_the_host_cleans_what_a_widget_answers(open_page: Open) -> None:
    """As CloudWatch does (User Guide, "Security and JavaScript"): else the emulator would hide what fails there.

    Chromium names handlers already where HTML is parsed to be cleaned; they run nowhere.
    """
    page = open_page(tolerates="Executing inline event handler violates")
    dirty = f"""<p id="kept" style="color: red" onclick="window.hacked=4" title="t">kept</p>
        <iframe src="https://example.com"></iframe><object data="x"></object><svg><use href="#kept"></use>
        <foreignObject><body onload="window.hacked=5"></foreignObject><rect width="9" height="9"></rect></svg>
        <a href="javascript:window.hacked=6">bad</a><a href="https://aws.amazon.com">good</a><form action="/x"></form>
        <a class="btn">More</a><cwdb-action action="html" display="popup"><b>more</b><script>window.hacked=7</script>
        </cwdb-action><a class="btn">Other</a><cwdb-action display="widget">other</cwdb-action>{HOSTILE}"""
    page.route("**/console/invoke", lambda route: route.fulfill(json={"Payload": dirty}))
    page.get_by_role("button", name="Refresh").click()
    kept = page.locator("#kept")
    expect(kept).to_have_text("kept")
    assert kept.evaluate("one => [...one.attributes].map(({name}) => name)") == ["id", "style", "title"]
    taken_out = widget(page).locator("script, iframe, object, use, foreignObject, [onload], [onerror], form[action]")
    assert taken_out.count() == 0
    assert widget(page).locator("svg rect").count() == 1
    links = widget(page).locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert links == [None, "https://aws.amazon.com", None, None]
    page.get_by_text("bad").click()
    page.get_by_text("More", exact=True).click()
    closed(page, "more")
    page.get_by_text("Other", exact=True).click()
    expect(widget(page)).to_have_text("other")
    assert page.evaluate("window.hacked") is None


@pytest.fixture
def page_html(site: Site) -> Any:
    """The function's answer as it is."""

    def html() -> str:
        answer = site.client("lambda").invoke(FunctionName=site.outputs["PageFunctionName"], Payload=b"{}")
        return str(json.loads(answer["Payload"].read()))

    return html


# --- For everybody: keyboard, refresh, contrast -----------------------------------------------------------------------


def test_it_works_by_keyboard_and_shows_where_one_is(stopped: Site, open_page: Open) -> None:
    page, before = open_page(), executions(stopped, "StartModel")
    page.get_by_label("Run for: defects").focus()
    page.keyboard.press("Tab")
    start = card(page).get_by_role("button", name="Start defects")
    expect(start).to_be_focused()
    outline = start.evaluate("one => [getComputedStyle(one).outlineStyle, getComputedStyle(one).outlineWidth]")
    assert outline == ["solid", "3px"]
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    expect(start).to_be_focused()
    assert executions(stopped, "StartModel") == before


def test_a_refresh_leaves_alone_what_one_is_at(stopped: Site, open_page: Open) -> None:
    page = open_page(refresh="0.5")
    minutes = page.get_by_label("Run for: defects")
    minutes.select_option("480")
    minutes.focus()
    stopped.put(LOGOS, "TRAINING_IN_PROGRESS")
    expect(card(page, "logos").locator(".cll-status")).to_have_text("TRAINING_IN_PROGRESS")
    expect(minutes).to_be_focused()
    expect(minutes).to_have_value("480")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_read_it(theme: str, stopped: Site, open_page: Open) -> None:
    """axe finds nothing: names, roles, contrast. On a page with every status that is coloured, and on its dialogs."""
    for status, arn in OTHERS.items():
        stopped.put(arn, status)
    held(stopped, DEFECTS, "line-1")
    stopped.put(LOGOS, "FAILED", "Out of capacity.")
    page = open_page(theme=theme)
    background = card(page).evaluate("one => getComputedStyle(one).backgroundColor")
    assert background == {"light": "rgb(250, 250, 252)", "dark": "rgb(27, 35, 45)"}[theme]
    assert violations(page) == []
    card(page).get_by_role("button", name="Stop defects").click()
    assert violations(page) == []
    page.get_by_role("button", name="Cancel").click()
