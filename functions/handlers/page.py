"""Page: what the dashboard shows of every model. It reads, and changes nothing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG, PATIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.adapters.ledger import LedgerTable
from lifecycle.adapters.model_table import ModelTable, SweepTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.model.bill import Bill, bill_so_far, month_asked_for
from lifecycle.page.facts import Reader
from lifecycle.page.html import page_html, theme_and_zone
from lifecycle.page.view import page_of
from lifecycle.shared.wire import Json

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=PATIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))
DYNAMODB = boto3.client("dynamodb", config=CLIENT_CONFIG)
ITEMS = ModelTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
SWEEPS = SweepTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
LEDGER = LedgerTable(DYNAMODB, os.environ["LEDGER_TABLE_NAME"])
ACT_ARN, OPERATORS = os.environ["ACT_ARN"], os.environ["OPERATORS_POLICY"]

ABOUT = """## Custom Labels models

What runs, since when, for whom, at what cost and until when; and buttons that start, extend, release and stop.
Nobody but operators may use the buttons. It takes no parameters.
"""


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Json:
    """A call of a CloudWatch custom widget -> its HTML; with ``describe`` -> what it is, in Markdown.

    ``{"Report": "bill", "Month": "2026-11"}`` -> the bill of a month; without ``Month`` of this one.
    """
    event = event if isinstance(event, dict) else {}
    if event.get("describe"):
        return {"markdown": ABOUT}
    if event.get("Report") == "bill":
        return _bill(event.get("Month"), datetime.now(UTC))
    reader = Reader(CONFIGURATION, MODELS, ITEMS, EXECUTIONS, LEDGER, SWEEPS, lambda: datetime.now(UTC))
    theme, zone = theme_and_zone(event)
    page = page_of(reader.read(), CONFIGURATION)
    return page_html(page, theme=theme, zone=zone, act_arn=ACT_ARN, operators=OPERATORS)


def _bill(given: Json, now: datetime) -> Bill:
    month = month_asked_for(given, now)
    return bill_so_far(month, LEDGER.sessions(month, now), ITEMS.all(), now, CONFIGURATION)
