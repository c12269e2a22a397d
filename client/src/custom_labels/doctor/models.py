"""The checks of the models: whether they can be started, and what that costs."""

from collections.abc import Iterator

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack, pages

STARTABLE = {"TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED", "STARTING", "RUNNING", "STOPPING", "FAILED"}
"""From these a model is, or can be, started; of FAILED that is tried (docs/evidence/assumptions.md)."""
QUOTAS = ("custom labels", "running models")
"""What the name of the quota of running models has in it, as Service Quotas lists it: an assumption, never seen."""
RUNNING_AT_ONCE = 2
"""The default of that quota (Amazon Rekognition Custom Labels Guide, "Guidelines and quotas")."""


def models_can_be_started(stack: DeployedStack) -> Iterator[Wrong]:
    """Each configured version exists, its project can be read, and its status allows a start."""
    report = stack.report("models")
    for problem in report["Problems"]:
        yield Wrong(problem, "Read the message: it names the right, or the project, that is missing.")
    for model in report["Models"]:
        name, status = model["Name"], model["Status"]
        of_project = ("rekognition", "describe-projects", "--project-names", model["Project"])
        if "ProjectVersionArn" not in model:
            yield Wrong(
                f"{name} means the newest good version of {model['Project']}, and there is none. "
                f"{model.get('Remark', '')}".rstrip(),
                stack.command(*of_project),
            )
        elif status == "NOT_FOUND":
            yield Wrong(
                f"{name}: there is no such version: {model['ProjectVersionArn']}. Name one in cdk.json, and deploy.",
                stack.command(*of_project),
            )
        elif status not in STARTABLE and status != "UNKNOWN":
            said = model.get("StatusMessage")
            yield Wrong(
                f"{name} is {status}, from which it can't be started{f': {said}' if said else '.'}",
                "Name another version in cdk.json, and run make deploy.",
            )


def quota_has_room(stack: DeployedStack) -> Iterator[Wrong]:
    """All configured models may run at a time."""
    listed = pages(stack.client("service-quotas"), "list_service_quotas", "Quotas", ServiceCode="rekognition")
    found = [one for one in listed if all(part in one["QuotaName"].lower() for part in QUOTAS)]
    most = int(found[0]["Value"]) if found else RUNNING_AT_ONCE
    configured = len({one["Name"] for one in stack.report("models")["Models"]})
    if configured > most:
        source = "" if found else ", the default, since Service Quotas lists none by that name"
        asked = ("--quota-code", found[0]["QuotaCode"], "--desired-value", str(configured)) if found else ()
        verb = "request-service-quota-increase" if found else "list-service-quotas"
        yield Wrong(
            f"{configured} models are known here, and {most} may run at a time{source}. Starts beyond that fail, or "
            "wait with WaitForCapacity.",
            stack.command("service-quotas", verb, "--service-code", "rekognition", *asked),
        )


def price_is_known(stack: DeployedStack) -> Iterator[Wrong]:
    """What costs are counted with is a price of this Region, or one that somebody has named."""
    price = stack.report("bill")["Price"]
    if price["Assumed"]:
        yield Wrong(
            f"The price of an inference unit in {stack.region} is assumed to be us-east-1's, USD "
            f"{price['InferenceUnitHour']:,.2f} per hour: costs and the budget are counted with it.",
            "Set 'inference_unit_hour_usd' in cdk.json to yours, and run make deploy.",
        )


def price(stack: DeployedStack) -> str:
    """What costs are counted with."""
    return f"An inference unit costs USD {stack.report('bill')['Price']['InferenceUnitHour']:,.2f} per hour."


def budget_has_room(stack: DeployedStack) -> Iterator[Wrong]:
    """The month's budget is not used up, and will not be at the present pace."""
    budget = stack.report("bill").get("Budget")
    if budget and (budget["UsedUp"] or budget["Forecast"] > budget["Budget"]):
        used = "is used up" if budget["UsedUp"] else "will not last"
        yield Wrong(
            f"The month's budget {used}: {spent(stack)}",
            "Stop what is not needed, or raise 'monthly_budget_usd' in cdk.json, and run make deploy.",
        )


def spent(stack: DeployedStack) -> str:
    """What was spent, what the month comes to, and what it may."""
    report = stack.report("bill")
    if not (budget := report.get("Budget")):
        return f"There is none; this month has cost USD {report['Total']:,.2f} so far."
    return (
        f"USD {budget['Spent']:,.2f} of {budget['Budget']:,.2f} are spent, and the month comes to USD "
        f"{budget['Forecast']:,.2f} at the present pace."
    )
