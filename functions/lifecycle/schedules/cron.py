"""When a cron of EventBridge Scheduler comes. Pure.

cronsim reads the fields and knows the days. Here is what AWS does otherwise than other crons (EventBridge Scheduler
User Guide, "Schedule types"): ``?``, days of the week from 1 for SUN, a year, and the time zone. A cron names local
times. One that does not exist, because clocks are put forward, is left out; one that comes twice, because they are put
back, counts once, the first time.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from lifecycle.shared.text import plural

FIELDS = ("minutes", "hours", "day-of-month", "month", "day-of-week", "year")
YEARS = range(1970, 2200)
HORIZON = timedelta(days=40 * 366)
"""How far anything is looked for. The rarest day, a fifth Monday in February, comes every 28 years, or 40."""

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def _listed(value: str, *, steps: bool = True) -> str:
    """Values, ranges and, where there may be, steps; with commas in between."""
    item = rf"(\*|({value})(-({value}))?)" + (r"(/\d{1,4})?" if steps else "")
    return rf"{item}(,{item})*"


_WEEKDAY = "[1-7]|" + "|".join(_WEEKDAYS)
_PATTERNS = {
    "minutes": _listed(r"\d{1,2}"),
    "hours": _listed(r"\d{1,2}"),
    "day-of-month": rf"\?|L|{_listed(r'[0-9]{1,2}')}",
    "month": _listed(r"\d{1,2}|[A-Z]{3}"),
    "day-of-week": rf"\?|L|({_WEEKDAY})(L|#[1-5])|{_listed(_WEEKDAY, steps=False)}",
    "year": _listed(r"\d{4}"),
}


class CronError(ValueError):
    """It is no cron of EventBridge Scheduler, or has something in it that is not understood here; says what."""


@dataclass(frozen=True, slots=True, eq=False)
class Cron:
    """A cron without its time zone.

    Parameters
    ----------
    fields : tuple of str
        As written: minutes, hours, day-of-month, month, day-of-week, year.
    times : tuple of time
        Of each of its days, in order.
    """

    fields: tuple[str, ...]
    times: tuple[time, ...]
    _days: CronSim
    _months: Collection[int]
    _years: Collection[int]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read a cron, with or without its ``cron(...)``.

        Raises
        ------
        CronError
            Naming the field, and what is wrong with it.
        """
        fields = tuple(text.strip().removeprefix("cron(").removesuffix(")").upper().split())
        if len(fields) != len(FIELDS):
            raise CronError(
                f"has {plural(len(fields), 'field')}; six are needed: {' '.join(FIELDS)}{_other_dialect(text)}"
            )
        named = dict(zip(FIELDS, fields, strict=True))
        for name, value in named.items():
            _check(name, value, fields)
        if (fields[2] == "?") == (fields[4] == "?"):
            meant = " ".join(["*" if fields[2] == "?" else fields[2], fields[3], "?"])
            wanted = f"{' '.join(fields[:2])} {meant} {fields[5]}" if fields[4] in ("*", "?") else _on_weekdays(fields)
            raise CronError(f"one of day-of-month and day-of-week has to be ?, and the other not, as in {wanted}")
        days = f"{_star(fields[2])} * {_weekdays(_star(fields[4]))}"
        try:
            sim = CronSim(f"{fields[0]} {fields[1]} {days}", datetime.min)  # noqa: DTZ901 - only to be parsed
            months = frozenset(month for month in Field.MONTH.parse(fields[3]) if isinstance(month, int))
        except CronSimError as error:
            bad = str(error).removeprefix("Bad ")  # cronsim's names of fields are singular
            name = next(name for name in FIELDS if name.startswith(bad))
            wrong = f"{name} {named[name]!r} has a value out of range, or a range that runs backwards"
            raise CronError(f"{wrong}{_forwards(named[name]) or _meant(name, fields)}") from error
        times = tuple(time(hour, minute) for hour, minute in product(sorted(sim.hours), sorted(sim.minutes)))
        return cls(fields, times, sim, months, _years(fields[5]))

    @property
    def hours(self) -> tuple[int, ...]:
        """Of each of its days, in order."""
        return tuple(sorted({at.hour for at in self.times}))

    def on(self, day: date) -> bool:
        """Whether it comes on this day."""
        return day.year in self._years and self._is_such(day)

    def never(self, today: date) -> str | None:
        """Why it does not come on any day from today on; None where it does."""
        if max(self._years) < today.year:
            return "its years have passed"
        such = [day for day in _day_by_day(today, timedelta(days=1)) if self._is_such(day)]
        if any(day.year in self._years for day in such):
            return None
        return "it has no such day in its years from now on" if such else "its months have no such day"

    def _is_such(self, day: date) -> bool:
        """Whether it is one of its days, whatever the year."""
        return day.month in self._months and self._days.match_day(day)


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """A cron in its time zone. All moments it gives are in UTC: those of one zone compare by the clock on the wall."""

    cron: Cron
    zone: ZoneInfo

    @classmethod
    def of(cls, cron: str, zone: str) -> "Calendar":
        """From a schedule's own words."""
        return cls(Cron.parse(cron), ZoneInfo(zone))

    def after(self, moment: datetime) -> Iterator[datetime]:
        """What comes after a moment, the next first, as far as the horizon."""
        local = wall(moment, self.zone)
        for day in self._days(local.date(), timedelta(days=1)):
            passed = bisect_left(self.cron.times, local.time()) if day == local.date() else 0
            for at in self.cron.times[passed:]:
                found = exact(datetime.combine(day, at), self.zone)
                if found and found > moment:
                    yield found

    def before(self, moment: datetime) -> Iterator[datetime]:
        """What came before a moment, the last first, as far as the horizon."""
        for day in self._days(wall(moment, self.zone).date(), timedelta(days=-1)):
            for at in reversed(self.cron.times):
                found = exact(datetime.combine(day, at), self.zone)
                if found and found < moment:
                    yield found

    def __contains__(self, moment: datetime) -> bool:
        local = wall(moment, self.zone)
        return self.cron.on(local.date()) and local.time() in self.cron.times and exact(local, self.zone) == moment

    def _days(self, first: date, step: timedelta) -> Iterator[date]:
        return (day for day in _day_by_day(first, step) if self.cron.on(day))


def _day_by_day(first: date, step: timedelta) -> Iterator[date]:
    """As far as the horizon."""
    return (first + number * step for number in range(HORIZON // abs(step)))


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in a time zone show at a moment: without a time zone, so that it can be reckoned with."""
    return moment.astimezone(zone).replace(tzinfo=None)


def exact(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment, in UTC, at which clocks show a local time first; None where they never do."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment if wall(moment, zone) == local else None


def _check(name: str, value: str, fields: tuple[str, ...]) -> None:
    if "W" in value and name == "day-of-month":
        raise CronError(f"{name} {value!r}: W, the nearest weekday, is not supported; name the days")
    if not re.fullmatch(_PATTERNS[name], value, re.ASCII):
        meant = _meant(name, fields) or f", which is such as {_EXAMPLES[name]}"
        raise CronError(f"{name} {value!r} is not what EventBridge Scheduler has there{meant}")


_EXAMPLES = {
    "minutes": "0, 0,30 or 0/15",
    "hours": "8, 8,13 or 8-17",
    "day-of-month": "1, 1,15, L or *",
    "month": "*, 1-6 or JAN,JUL",
    "day-of-week": "MON-FRI, SUN, 2#1 or *",
    "year": "* or 2026-2027",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS_OF_OTHERS = {
    "WEEKDAYS": "MON-FRI", "WORKDAYS": "MON-FRI", "WEEKENDS": "SAT,SUN", "WEEKDAY": "MON-FRI", "WEEKEND": "SAT,SUN",
    "DAILY": "*", "SU": "SUN", "MO": "MON", "TU": "TUE", "WE": "WED", "TH": "THU", "FR": "FRI", "SA": "SAT",
    "SO": "SUN", "DI": "TUE", "MI": "WED", "DO": "THU",
}  # fmt: skip
"""What people call days of the week elsewhere: iCalendar's two letters, and German ones."""


def _meant(name: str, fields: tuple[str, ...]) -> str:
    """The cron with what was probably meant by one of its fields, if there is such a thing."""
    index = FIELDS.index(name)
    fixed = _MEND[name](fields[index]) if name in _MEND else fields[index]
    if fixed == fields[index]:
        return ""
    text = " ".join([*fields[:index], fixed, *fields[index + 1 :]])
    try:
        Cron.parse(text)
    except CronError:
        return f", did you mean {fixed}?"  # another field is wrong as well
    midnight = "; midnight is 0, on the day that then begins" if fields[index] == "24" else ""
    return f", did you mean {fixed}, as in {text}?{midnight}"


def _mended_weekdays(value: str) -> str:
    if re.search(r"(?<![\d#])0(?!\d)", value):  # as in Unix, where Sunday is 0
        return re.sub(r"(?<![#\d])[0-7](?!\d)", lambda day: _WEEKDAYS[int(day[0]) % 7], value)
    return re.sub(r"[A-Z]{2,}\.?", lambda word: _abbreviated(word[0], _WEEKDAYS, _DAYS_OF_OTHERS), value)


def _overnight(hours: re.Match[str]) -> str:
    first, last = int(hours[1]), int(hours[2])
    return f"{first}-23" if last == 24 else f"{first}-23,0-{last}" if last < first < 24 else hours[0]


def _abbreviated(word: str, names: tuple[str, ...], others: Mapping[str, str]) -> str:
    plain = word.removesuffix(".")
    return others.get(plain) or (plain[:3] if plain[:3] in names else word)


_MEND: Mapping[str, Callable[[str], str]] = {
    "minutes": lambda value: re.sub(r"(?<![/\d])60(?!\d)", "0", value),
    "hours": lambda value: re.sub(
        r"(?<![/\d])(\d+)-(\d+)(?!\d)", _overnight, re.sub(r"(?<![/\d-])24(?!\d)", "0", value)
    ),
    "month": lambda value: re.sub(r"[A-Z]{3,}\.?", lambda word: _abbreviated(word[0], _MONTHS, {}), value),
    "day-of-week": _mended_weekdays,
    "year": lambda value: re.sub(r"(?<![/\d])\d\d(?!\d)", lambda year: f"20{year[0]}", value),
}


def _forwards(value: str) -> str:
    """Days that run over the end of EventBridge's week, which begins on Sunday, one by one."""
    ends = value.split("-")
    if len(ends) != 2 or {*ends} - {*_WEEKDAYS}:
        return ""
    first, last = map(_WEEKDAYS.index, ends)
    return f"; write {','.join([*_WEEKDAYS[first:], *_WEEKDAYS[: last + 1]])}"


_EVERY_DAY = "0 8 * * ? *"


def _on_weekdays(fields: tuple[str, ...]) -> str:
    return " ".join([*fields[:2], "?", *fields[3:]])


def _other_dialect(text: str) -> str:
    """What a text is that has not the six fields, and what it would be here."""
    plain = text.strip().removeprefix("cron(").removesuffix(")")
    fields = plain.upper().split()
    if re.match(r"(?i)rate\b", plain):
        return f". This is a rate, and a model starts and stops at times: every day at 08:00 is {_EVERY_DAY}"
    if re.match(r"(?i)at\b", plain):
        return ". This comes once; the cron of one day has its year, as in 0 8 25 12 ? 2026"
    if plain.startswith("@"):
        return f". This is a Unix nickname: every day at 08:00 is {_EVERY_DAY}"
    if time_of_day := re.fullmatch(r"(\d{1,2}):(\d\d)(?::\d\d)?", plain):
        return f". This is a time of the day: every day then is {int(time_of_day[2])} {int(time_of_day[1])} * * ? *"
    if len(fields) == len(FIELDS) - 1 and (meant := _of_unix(fields)):
        return f". As a Unix cron it means {meant}"
    if len(fields) == len(FIELDS) + 1:
        return f". Without seconds it is {' '.join(fields[1:])}"
    return f". Every day at 08:00 is {_EVERY_DAY}"


def _of_unix(fields: list[str]) -> str | None:
    """The same for EventBridge: Unix counts days of the week from 0 for Sunday, and has neither ? nor years."""
    minutes, hours, day, month, weekday = fields
    named = re.sub(r"(?<![/#\d])[0-7](?!\d)", lambda one: _WEEKDAYS[int(one[0]) % 7], weekday)
    days = [day, month, "?"] if weekday == "*" else ["?", month, named] if day == "*" else None
    if days is None:
        return None
    try:
        return " ".join(Cron.parse(" ".join([minutes, hours, *days, "*"])).fields)
    except CronError:
        return None


def named_days(cron: str) -> str | None:
    """Of a cron that has days of the week by their numbers: which days these are."""
    fields = cron.split()
    if len(fields) != len(FIELDS) or not re.fullmatch(r"[1-7]([-,][1-7])*", fields[4]):
        return None
    names = re.sub(r"[1-7]", lambda one: _FULL[int(one[0]) - 1], fields[4].replace("-", " to ").replace(",", ", "))
    return (
        f"{fields[4]} means {names}, because EventBridge counts from 1 for Sunday; {_weekday_names(fields[4])} says so"
    )


_FULL = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def _weekday_names(value: str) -> str:
    return re.sub(r"[1-7]", lambda one: _WEEKDAYS[int(one[0]) - 1], value)


def _star(value: str) -> str:
    return value.replace("?", "*")


def _weekdays(value: str) -> str:
    """From EventBridge's days of the week to cronsim's, which begin with 0 for Sunday. A bare L is Saturday."""
    numbered = re.sub("|".join(_WEEKDAYS), lambda name: str(_WEEKDAYS.index(name[0]) + 1), value)
    # The number after a # is none of a day.
    return re.sub(r"(?<!#)\d", lambda number: str(int(number[0]) - 1), "7" if numbered == "L" else numbered)


def _years(value: str) -> Collection[int]:
    return frozenset(year for item in value.split(",") for year in _years_of(item))


def _years_of(item: str) -> range:
    span, _, step = item.partition("/")
    first, _, last = span.partition("-")
    if first == "*":
        first, last = str(YEARS[0]), str(YEARS[-1])
    begin, end, by = int(first), int(last or (YEARS[-1] if step else first)), int(step or 1)
    if not (begin in YEARS and end in YEARS and begin <= end and by):
        raise CronError(f"year {item!r} is not within 1970 and 2199, or runs backwards")
    return range(begin, end + 1, by)
