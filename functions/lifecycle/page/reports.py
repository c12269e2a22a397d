"""What all reports have: what the page shows, as data for machines, which the client's tables are made of. Pure.

Names and meanings are those of ``statemachine/schemas/report.*.schema.json``: another first number of ``SchemaVersion``
would break their readers, another second one only adds fields. What is unknown is left out.
"""

from dataclasses import dataclass
from datetime import datetime

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What every report has.

    Parameters
    ----------
    report : str
        Which one it is.
    at : datetime
        When it was read.
    problems : tuple of str
        What could not be read, and why: the report is made without it.
    """

    report: str
    at: datetime
    problems: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION
