"""The page as HTML: nothing that others have written is markup, and nothing in it is what CloudWatch takes out."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.configuration import Configuration, Model, OverBudget, Schedule
from lifecycle.model.bill import Session
from lifecycle.model.idle import minute_of
from lifecycle.model.leases import Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import ModelVersion
from lifecycle.page.acts import asked
from lifecycle.page.composition import page_of
from lifecycle.page.html import THEMES, page_html, refused_html, started_html, theme_and_zone
from lifecycle.page.view import Facts
from lifecycle.shared.text import span, time_of_day
from lifecycle.shared.wire import timestamp
from tests.unit.examples import ARN, CONFIGURATION, CONFIGURED_ARN, MACHINES, NOW, execution

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["dark", "+01:00", "+23:59", "+99:59", "Z"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["offsetISO", "theme", "label"]), inner),
    max_leaves=8,
)
ACT = "arn:aws:lambda:us-east-1:123456789012:function:act"
HOUR = timedelta(hours=1)
UNITS = {ARN: 1, CONFIGURED_ARN: 2}
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><iframe src=javascript:alert(1)>",
    "</cwdb-action><cwdb-action action=call endpoint=arn:aws:lambda:x>{}</cwdb-action>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp;amp; &#60;b>",
    "\u2028\u2029\u202e\x00\x1b[31m",
    "javascript:alert(1)//",
    "<!--",
    "]]>",
    "<![CDATA[",
    "`${alert(1)}`",
]


class Parsed(HTMLParser):
    """Tags with their attributes' names, the text, and what buttons call."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.actions: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self._in_action = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self._in_action = tag == "cwdb-action"
        if self._in_action:
            self.actions.append({**dict(attrs)})

    def handle_endtag(self, _tag: str) -> None:
        self._in_action = False

    def handle_data(self, data: str) -> None:
        if self._in_action:
            self.actions[-1]["payload"] = json.loads(data)
        self.texts.append(data)


def page(text: str = "text", theme: str = "light") -> str:
    """With a text of others wherever there may be one, even where AWS lets nobody write it."""
    pending = PendingLease(text, execution().id, NOW + HOUR)
    item = ModelItem(
        ARN,
        leases=(Lease(text, NOW, NOW + HOUR), Lease("always", NOW)),
        pending=(pending,),
        running=Running(NOW - HOUR, 1),
        starts=(PastStart(NOW, 0, 600), PastStart(NOW, 0, 0)),
    )
    shares = tuple(Share(f"{text}{number}", 60_000) for number in range(12))
    sessions = (Session(ARN, NOW - 2 * HOUR, NOW - HOUR, 1, 4.0, text, shares),)
    versions = {
        ARN: ModelVersion(ARN, "RUNNING", text, 1, f1_score=0.9),
        CONFIGURED_ARN: ModelVersion(CONFIGURED_ARN, f"NEW_{text}", text),
    }
    facts = Facts(NOW, versions, {ARN: item}, {}, {text: text}, NOW, sessions, (text,))
    configuration = Configuration(models={text: Model(ARN), f"2{text}": Model(CONFIGURED_ARN)})
    shown = page_of(facts, configuration)
    return page_html(shown, theme=theme, zone=UTC, act_arn=ACT, operators="Lifecycle-operators")


def html_of(facts: Facts, configuration: Configuration = CONFIGURATION) -> str:
    return page_html(page_of(facts, configuration), theme="light", zone=UTC, act_arn=ACT, operators="o")


def text_of(facts: Facts, configuration: Configuration = CONFIGURATION) -> str:
    """What is read of it, in one line."""
    return " ".join(" ".join(Parsed(html_of(facts, configuration)).texts).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_never_markup(text: str) -> None:
    """The same elements with the same attributes as with a text that has nothing in it, and the text as it is."""
    parsed, harmless = Parsed(page(text)), Parsed(page())
    assert parsed.tags == harmless.tags
    if "\x00" not in text:  # which HTML has no way to write
        assert any(text in one for one in parsed.texts)
    assert [action["payload"]["Action"] for action in parsed.actions] == [
        action["payload"]["Action"] for action in harmless.actions
    ]
    assert {action["endpoint"] for action in parsed.actions} == {ACT}
    assert {action["payload"].get("LeaseId") for action in parsed.actions} >= {text, "always"}


@pytest.mark.parametrize("text", HOSTILE)
def test_nor_is_it_in_an_answer(text: str) -> None:
    click = asked(
        {"Action": "stop", "Model": "defects", "PageMadeAt": timestamp(NOW)}, NOW, CONFIGURATION, MACHINES.start_model
    )
    for html in (
        refused_html(f"{text}\n- {text}", text, theme=text),
        started_html(click, "https://x", new=True, theme=text),
    ):
        assert {tag for tag, _ in Parsed(html).tags} <= {"div", "style", "h2", "ul", "li", "p", "a"}


def test_every_link_is_into_the_console() -> None:
    assert Parsed(page()).links
    for text in ("text", *HOSTILE):
        assert all(link.startswith("https://us-east-1.console.aws.amazon.com/") for link in Parsed(page(text)).links)


def test_it_has_nothing_that_cloudwatch_takes_out_and_stays_far_under_what_lambda_answers() -> None:
    parsed = Parsed(page())
    assert not {tag for tag, _ in parsed.tags} & {"script", "iframe", "use", "link", "object", "embed", "meta"}
    assert not [name for _, names in parsed.tags for name in names if name.startswith("on")]
    many = {f"model-{number:03}": Model(f"{ARN}{number:03}") for number in range(100)}
    versions = {f"{ARN}{number:03}": ModelVersion(f"{ARN}{number:03}", "RUNNING") for number in range(100)}
    shown = page_of(Facts(NOW, versions), Configuration(models=many))
    assert len(page_html(shown, theme="light", zone=UTC, act_arn=ACT, operators="o")) < 1_000_000


def test_the_budget_stands_with_the_bill() -> None:
    settings = Configuration(models={}, monthly_budget_usd=10, over_budget=OverBudget.STOP)
    facts = Facts(NOW, ended=(Session(ARN, NOW - 3 * HOUR, NOW, 1, 4.0),))
    html = page_html(page_of(facts, settings), theme="light", zone=UTC, act_arn=ACT, operators="o")
    said = (
        "USD 12.00 of the month's budget of USD 10.00 is spent. It is used up: no model is started any more, and what "
        "runs is stopped. If the month goes on as it has so far, it comes to USD 15.46, USD 5.46 over the budget of "
        "USD 10.00."
    )
    assert said in " ".join(" ".join(Parsed(html).texts).split())


def test_how_idle_a_model_was_stands_with_the_bill_where_that_is_known() -> None:
    sessions = tuple(Session(arn, NOW - HOUR, NOW, 1, 4.0, "defects") for arn in (ARN, CONFIGURED_ARN))
    facts = Facts(NOW, ended=sessions, busy={ARN: {minute_of(NOW - HOUR)}})
    both = replace(facts, busy={**facts.busy, CONFIGURED_ARN: {minute_of(NOW)}})
    for known, said in (
        (facts, "no inbox labelled an image: defects 98 % of 1 h."),
        (both, "no inbox labelled an image: defects (v2) 100 % of 1 h, defects (v1) 98 % of 1 h."),
        (replace(facts, busy={}), None),
    ):
        shown = page_of(known, Configuration(models={}))
        text = " ".join(Parsed(page_html(shown, theme="light", zone=UTC, act_arn=ACT, operators="o")).texts)
        assert said in " ".join(text.split()) if said else "Idle while billed" not in text


def test_of_the_bill_the_dearest_lines_are_shown_and_the_others_summed_up() -> None:
    texts = " ".join(Parsed(page()).texts)
    assert "2026-11 so far: USD 8.00" in texts
    assert "7 smaller items" in texts


@pytest.mark.parametrize(
    ("statuses", "head"),
    [
        ("STOPPED FAILED", "No model is running: nothing is billed"),
        ("RUNNING STOPPED", "1 model runs: USD 4.00 per hour"),
        ("RUNNING RUNNING", "2 models run: USD 12.00 per hour"),
        ("STOPPED STARTING", "1 model starts: USD 8.00 per hour, once RUNNING"),
        (
            "RUNNING STARTING",
            "1 model runs: USD 4.00 per hour, and 1 model starts: USD 8.00 per hour more, once RUNNING",
        ),
    ],
)
def test_its_head_says_at_once_what_is_paid_for(statuses: str, head: str) -> None:
    """The second model is configured for two inference units; what does not run yet is not paid for yet."""
    of_each = zip((ARN, CONFIGURED_ARN), statuses.split(), strict=True)
    versions = {arn: ModelVersion(arn, status, None, UNITS[arn]) for arn, status in of_each}
    shown = page_of(Facts(NOW, versions, last_sweep=NOW), CONFIGURATION)
    html = page_html(shown, theme="light", zone=UTC, act_arn=ACT, operators="o")
    assert f"<h2>{head}</h2>" in html


@pytest.mark.parametrize(("count", "head"), [(1, "1 lease needs it"), (5, "5 leases need it")])
def test_its_head_says_first_what_is_down(count: int, head: str) -> None:
    leases = tuple(Lease(f"line-{number}", NOW, NOW + HOUR) for number in range(count))
    items = {ARN: ModelItem(ARN, leases=leases)}
    versions = {ARN: ModelVersion(ARN, "FAILED"), CONFIGURED_ARN: ModelVersion(CONFIGURED_ARN, "STOPPED")}
    html = html_of(Facts(NOW, versions, items, last_sweep=NOW))
    down, nothing_runs = (
        html.index(f"defects is down: {head}</h2>"),
        html.index("No model is running: nothing is billed</h2>"),
    )
    assert down < nothing_runs
    assert 'aria-label="Start defects"' in html


@pytest.mark.parametrize(
    ("facts", "says", "alarms"),
    [
        (Facts(NOW), "The sweep has not run yet: it runs every 5 minutes.", False),
        (Facts(NOW, last_sweep=NOW - timedelta(minutes=2)), "The last sweep ran 2 min ago.", False),
        (Facts(NOW, last_sweep=NOW - HOUR), "The last sweep ran 1 h ago; it should run every 5 minutes.", True),
        (
            Facts(NOW, items={ARN: ModelItem(ARN, starts=(PastStart(NOW - HOUR, 0, 600),))}),
            "The sweep has never run; it should run every 5 minutes.",
            True,
        ),
    ],
)
def test_a_sweep_that_is_late_is_an_alarm_and_one_that_is_to_come_is_none(
    facts: Facts, says: str, alarms: bool
) -> None:
    (line,) = (line for line in html_of(facts).splitlines() if says in line)
    assert ('class="cll-bad"' in line) is alarms


def test_a_schedule_s_time_is_its_own_zone_s_with_utc_beside() -> None:
    office = Schedule("defects", "Europe/Berlin", start="30 7 ? * MON-FRI *")
    night = Schedule("defects", "UTC", start="0 22 * * ? *")
    early = Schedule("defects", "Asia/Tokyo", start="0 5 * * ? *")
    schedules = {"office": office, "night": night, "early": early}
    texts = text_of(Facts(NOW, last_sweep=NOW), replace(CONFIGURATION, schedules=schedules))
    assert "Schedule office: start at 07:30 on Wed 25 Nov Europe/Berlin ( 06:30 UTC), in 23 h" in texts
    assert "Schedule night: start at 22:00 UTC, in 15 h" in texts
    assert "Schedule early: start at 05:00 on Wed 25 Nov Asia/Tokyo ( 20:00 on Tue 24 Nov UTC), in 13 h" in texts


def test_of_many_leases_the_others_are_a_click_away() -> None:
    leases = tuple(Lease(f"line-{number}", NOW, NOW + HOUR) for number in range(20))
    facts = Facts(NOW, {ARN: ModelVersion(ARN, "RUNNING")}, {ARN: ModelItem(ARN, leases=leases)})
    assert "12 more leases" in text_of(facts)
    assert all(f'aria-label="Release the lease line-{number} of defects"' in html_of(facts) for number in range(20))


def test_each_button_is_followed_by_what_it_does_and_asks_before() -> None:
    parsed = Parsed(page())
    followers = [parsed.tags[place + 1][0] for place, (tag, _) in enumerate(parsed.tags) if tag == "button"]
    assert followers == ["cwdb-action"] * len(parsed.actions)
    assert [action["payload"]["Action"] for action in parsed.actions] == [
        *("extend", "release", "release", "release", "start", "stop")
    ]
    assert all(action["confirmation"].endswith((".", "?")) and action["action"] == "call" for action in parsed.actions)


@pytest.mark.parametrize(("theme", "has"), [("light", "cll-light"), ("dark", "cll-dark"), ("purple", "cll-light")])
def test_it_is_light_or_dark_as_the_dashboard_is(theme: str, has: str) -> None:
    assert f'<div class="cll {has}">' in page(theme=theme)


@pytest.mark.parametrize(
    ("event", "theme", "offset"),
    [
        (
            {"widgetContext": {"theme": "dark", "timezone": {"offsetISO": "+05:30"}}},
            "dark",
            timedelta(hours=5, minutes=30),
        ),
        ({"widgetContext": {"theme": ["dark"], "timezone": {"offsetISO": "x"}}}, "light", timedelta(0)),
        ({"widgetContext": {"timezone": "x"}}, "light", timedelta(0)),
        ({"widgetContext": 7}, "light", timedelta(0)),
        ({}, "light", timedelta(0)),
    ],
)
def test_what_the_dashboard_says_of_itself_is_not_relied_on(event: Any, theme: str, offset: timedelta) -> None:
    found, zone = theme_and_zone(event)
    assert (found, zone.utcoffset(NOW)) == (theme, offset)


def test_times_are_those_of_the_dashboard_and_have_their_day_where_it_is_not_today() -> None:
    berlin = timezone(HOUR)
    assert time_of_day(NOW, NOW, berlin) == "08:00"
    assert time_of_day(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), NOW, berlin) == "00:30 on Wed 25 Nov"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (47, "47 s"), (60, "1 min"), (4799, "1 h 19 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_span_is_as_exact_as_people_need_it(seconds: int, said: str) -> None:
    assert span(seconds) == said


@given(st.dictionaries(st.just("widgetContext"), JSON | st.fixed_dictionaries({"theme": JSON, "timezone": JSON})))
def test_whatever_a_widget_is_called_with_there_is_a_theme_and_a_zone(event: dict[str, Any]) -> None:
    """Whoever may look may call it with anything."""
    theme, zone = theme_and_zone(event)
    assert theme in THEMES
    assert zone.utcoffset(NOW) is not None


# As the sweep saw it ------------------------------------------------------------------------------

SEEN_AT = NOW - timedelta(minutes=4)


def seen(**changed: Any) -> Facts:
    """Both models, of which one is shown as a sweep saw it."""
    versions = {arn: ModelVersion(arn, "STOPPED") for arn in UNITS}
    return replace(Facts(NOW, versions, swept_at=SEEN_AT, from_sweep=frozenset({"boards"})), **changed)


def test_what_is_shown_as_the_sweep_saw_it_says_of_when_that_is() -> None:
    text = text_of(seen())
    assert "No model is running, as of 06:56" in text
    assert "STOPPED as of 06:56" in text
    assert (
        "1 model is shown as of 06:56 , when a sweep saw nothing run in its project. The next sweep sees what was "
        "started outside this app since."
    ) in text
    assert "2 models are shown as of 06:56" in text_of(seen(from_sweep=frozenset({"boards", "welds"})))
    assert "as of" not in text_of(seen(from_sweep=frozenset()))


def test_a_card_says_so_too_in_the_zone_of_the_others() -> None:
    facts = seen(versions={ARN: ModelVersion(ARN, "FAILED", "Out of capacity.")})
    zone = timezone(HOUR)
    html = page_html(page_of(facts, CONFIGURATION), theme="light", zone=zone, act_arn=ACT, operators="o")
    assert "FAILED as of 07:56" in " ".join(" ".join(Parsed(html).texts).split())
