"""The page as HTML for a CloudWatch custom widget: no script, everything escaped, light and dark. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lifecycle.page.acts import Asked
from lifecycle.page.inboxes import InboxState, InboxView
from lifecycle.page.view import Page
from lifecycle.shared.text import duration, per_hour, percent, plural, span, time_of_day, usd

THEMES = ("light", "dark")
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MOST_LINES = 8
"""Of the bill; the others are summed up."""
MOST_LEASES = 8
"""Of a model that are shown at once; a click shows the others."""
_INBOX_TONES = {
    InboxState.PAUSED: "trouble",
    InboxState.BLOCKED: "trouble",
    InboxState.UNKNOWN: "trouble",
    InboxState.STARTING: "starting",
    InboxState.LABELLING: "running",
    InboxState.LETTING_GO: "stopping",
}
"""How the state of an inbox is coloured, as a model's status is; the others are idle."""
_BAR, _GAP, _HEIGHT = 9, 3, 28


def page_html(
    page: Page, *, theme: str, zone: tzinfo, act_arn: str, operators: str, inboxes: Sequence[InboxView] = ()
) -> str:
    """The page.

    Parameters
    ----------
    theme : str
        One of ``THEMES``; anything else is light.
    zone : tzinfo
        In which times are shown.
    act_arn : str
        The function that its buttons call.
    operators : str
        The policy that lets people call it.
    """
    return _ENVIRONMENT.get_template("page.html.j2").render(
        page=page,
        inboxes=inboxes,
        inbox_tones=_INBOX_TONES,
        theme=_theme(theme),
        act_arn=act_arn,
        operators=operators,
        zone=_offset(page.now, zone),
        clock=lambda moment: time_of_day(moment, page.now, zone),
        clock_there=lambda moment, there: time_of_day(moment, page.now, ZoneInfo(there)),
        clock_utc=lambda moment, there: _clock_utc(moment, ZoneInfo(there)),
        ago=lambda moment: span((page.now - moment).total_seconds()),
        left=lambda moment: span((moment - page.now).total_seconds()),
        bars=bars,
        duration=duration,
        span=span,
        most_lines=MOST_LINES,
        most_leases=MOST_LEASES,
        per_hour=per_hour,
        percent=percent,
        plural=plural,
        usd=usd,
    )


def started_html(asked: Asked, link: str, *, new: bool, theme: str) -> str:
    """That a click has started an execution, or that it was started before."""
    return _ENVIRONMENT.get_template("started.html.j2").render(asked=asked, link=link, new=new, theme=_theme(theme))


def refused_html(message: str, remedy: str, *, theme: str) -> str:
    """That a click has started nothing, and why."""
    lead, *problems = message.split("\n- ")
    return _ENVIRONMENT.get_template("refused.html.j2").render(
        lead=lead, problems=problems, remedy=remedy, theme=_theme(theme)
    )


def theme_and_zone(event: Mapping[str, object]) -> tuple[str, tzinfo]:
    """Of the dashboard, as CloudWatch says in ``widgetContext``; light and UTC where it does not."""
    context = event.get("widgetContext")
    context = context if isinstance(context, dict) else {}
    named = context.get("timezone")
    offset = named.get("offsetISO") if isinstance(named, dict) else None
    return _theme(context.get("theme")), _zone(offset)


def _clock_utc(moment: datetime, zone: tzinfo) -> str:
    """In UTC, beside the time in another zone: with its day only where that is another one."""
    utc = moment.astimezone(UTC)
    return f"{utc:%H:%M}" if utc.date() == moment.astimezone(zone).date() else f"{utc:%H:%M on %a %d %b}"


def bars(seconds: tuple[int, ...]) -> list[dict[str, int]]:
    """Rectangles of a small chart, the tallest of which is the longest."""
    longest = max(seconds, default=1) or 1
    return [
        {
            "x": place * (_BAR + _GAP),
            "height": (height := max(2, round(_HEIGHT * one / longest))),
            "y": _HEIGHT - height,
        }
        for place, one in enumerate(seconds)
    ]


def _theme(theme: object) -> str:
    return theme if isinstance(theme, str) and theme in THEMES else THEMES[0]


def _zone(offset: object) -> tzinfo:
    """From ``+01:00``."""
    try:
        return datetime.strptime(str(offset), "%z").tzinfo or UTC
    except ValueError:
        return UTC


def _offset(now: datetime, zone: tzinfo) -> str:
    """``UTC``, ``UTC+01:00``."""
    text = now.astimezone(zone).isoformat()[-6:]
    return "UTC" if text == "+00:00" else f"UTC{text}"
