"""What people write into cdk.json by mistake: the settings that differ, or the whole file."""

from collections.abc import Mapping
from typing import Any

from tests.conftest import SETTINGS
from tests.infra.configurations import HOME, model

ARN = str(model()["project_version_arn"])
PROJECT = f"{HOME}/circuit-boards-000/1793510000000"
TEAMS = SETTINGS["chat"]["teams"][0]
OFFICE = {"name": "office", "start": "0 8 ? * MON-FRI *", "stop": "0 18 ? * MON-FRI *", "time_zone": "Europe/Berlin"}
RULE = {"name": "new-images", "pattern": {"source": ["factory"]}, "model": "circuit-boards-000"}
INBOX = {
    "name": "line-1",
    "model": "circuit-boards-000",
    "images": "s3://factory-images/line-1/",
    "results": "s3://factory-results/line-1/",
}
PRINCIPAL = {"principal": "444455556666", "external_id": "pipeline"}
BATCH = {"place": "eu-west-1", "images": ["s3://factory-images/"], "results": "s3://factory-results/"}
PATH_RULE = {"name": "new-images", "pattern": {"source": ["factory"]}}


def arn(text: str) -> dict[str, Any]:
    return {"models": [{"name": "defects", "project_version_arn": text}]}


def one(**fields: Any) -> dict[str, Any]:
    return {"models": [{**model(), **fields}]}


def latest(**fields: Any) -> dict[str, Any]:
    return {
        "models": [{"name": "defects", "version": "latest", **fields}],
        "account": "111122223333",
        "region": "eu-west-1",
    }


def schedule(**fields: Any) -> dict[str, Any]:
    return one(schedules=[{**OFFICE, **fields}])


def batch(images: Any, results: Any = "s3://factory-results/") -> dict[str, Any]:
    return {"detect_batch": {"images": images, "results": results}}


def inbox(**fields: Any) -> dict[str, Any]:
    return {"inboxes": [{**INBOX, **fields}]}


def slack(workspace: str, channel: str) -> dict[str, Any]:
    return {"chat": {"slack": [{"workspace_id": workspace, "channel_id": channel}]}}


def teams(**fields: Any) -> dict[str, Any]:
    return {"chat": {"teams": [{**TEAMS, **fields}]}}


def email(entry: Any) -> dict[str, Any]:
    return {"notification_emails": [entry]}


def rule(**fields: Any) -> dict[str, Any]:
    return {"event_rules": [{**RULE, **fields}]}


def path_rule(**fields: Any) -> dict[str, Any]:
    return {"event_rules": [{**PATH_RULE, **fields}]}


def principal(text: str) -> dict[str, Any]:
    return {"trusted_principals": [{"principal": text, "external_id": "pipeline"}]}


def home(**fields: Any) -> dict[str, Any]:
    return {**latest(project="boards"), **fields}


def places(*models: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Models of two Regions, and further ones."""
    return {"models": [model(), *arn(ARN.replace("eu-west-1", "us-east-1"))["models"], *models], **fields}


SETTINGS_MISTAKEN: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ARNs of models": {
        "a project's ARN": arn(PROJECT),
        "without its last number": arn(ARN.rpartition("/")[0]),
        "with a line break at its end": arn(f"{ARN}\n"),
        "broken over two lines": arn(ARN.replace("/version/", "/version/\n    ")),
        "in quotes of its own": arn(f'"{ARN}"'),
        "with a comma": arn(f"{ARN},"),
        "a dataset's ARN": arn(f"{HOME}/circuit-boards-000/dataset/train/1793510000000"),
        "a bucket's ARN": arn("arn:aws:s3:::factory-images"),
        "a state machine's ARN": arn("arn:aws:states:eu-west-1:111122223333:stateMachine:Nightly"),
        "a SageMaker ARN": arn("arn:aws:sagemaker:eu-west-1:111122223333:model/defects"),
        "without an account": arn(ARN.replace("111122223333", "")),
        "an account with dashes": arn(ARN.replace("111122223333", "1111-2222-3333")),
        "a placeholder": arn("<ARN of the model version>"),
        "a name": arn("circuit-boards-000"),
        "empty": arn(""),
        "in a list": {"models": [{"name": "defects", "project_version_arn": [ARN]}]},
        "the same version twice": {"models": [model(), {**model(), "name": "again"}]},
        "a Region without Custom Labels": arn(ARN.replace("eu-west-1", "eu-north-1")),
    },
    "models": {
        "an object by name": {"models": {"defects": {"project_version_arn": ARN}}},
        "one model, not in a list": {"models": model()},
        "an ARN alone": {"models": [ARN]},
        "none": {"models": []},
        "a name with a space": one(name="circuit boards"),
        "a name with an umlaut": one(name="prüfstand"),
        "a name of 70 characters": one(name="x" * 70),
        "a name twice": {"models": [model(), {**model(1), "name": model()["name"]}]},
        "a key in another case": {"models": [{"name": "defects", "ProjectVersionArn": ARN}]},
        "a key in camel case": one(minInferenceUnits=1),
        "a key of another place": {"lease_minutes": 60},
        "arn": {"models": [{"name": "defects", "arn": ARN}]},
        "units as text": one(min_inference_units="2"),
        "units as text with a word": one(min_inference_units="2 units"),
        "half a unit": one(min_inference_units=0.5),
        "no unit": one(min_inference_units=0),
        "fewer units at most than at least": one(min_inference_units=3, max_inference_units=2),
        "minutes as hours": one(lease_minutes="2h"),
        "minutes as text": one(lease_minutes="90 minutes"),
        "seconds for minutes": one(lease_minutes=604800),
        "no end as -1": one(lease_minutes=-1),
        "null": one(lease_minutes=None),
        "percent for a fraction": latest(project="boards", minimum_f1=80),
        "percent as text": latest(project="boards", minimum_f1="0.8"),
        "an ARN for a project": latest(project=PROJECT),
        "another version": latest(project="boards", version="newest"),
        "Latest": latest(project="boards", version="Latest"),
        "a project without version": {"models": [{"name": "defects", "project": "boards"}], **home()}
        | {"models": [{"name": "defects", "project": "boards"}]},
        "neither ARN nor project": {"models": [{"name": "defects"}], "account": "111122223333", "region": "eu-west-1"},
    },
    "schedules": {
        "a rate": schedule(start="rate(5 minutes)"),
        "a Unix cron": schedule(start="30 7 * * 1-5"),
        "a time of the day": schedule(start="08:00"),
        "without ?": schedule(start="0 8 * * * *"),
        "Unix's Sunday": schedule(start="0 8 ? * 0 *"),
        "Unix's working days": schedule(start="0 8 ? * 0-5 *"),
        "days of two letters": schedule(start="0 8 ? * MO-FR *"),
        "days in full": schedule(start="0 8 ? * MONDAY-FRIDAY *"),
        "working days": schedule(start="0 8 ? * weekdays *"),
        "days that are none": schedule(start="0 8 ? * SOMEDAY *"),
        "an hour 24": schedule(stop="0 24 ? * MON-FRI *"),
        "hours over midnight": schedule(start="0 22-6 ? * MON-FRI *"),
        "a minute 60": schedule(start="60 7 ? * MON-FRI *"),
        "a month in full": schedule(start="0 8 1 January ? *"),
        "a year of two digits": schedule(start="0 8 25 12 ? 26"),
        "words for a time": schedule(start="0 8am ? * MON-FRI *"),
        "days over the week's end": schedule(start="0 8 ? * FRI-MON *"),
        "W": schedule(start="0 8 15W * ? *"),
        "a time zone in small letters": schedule(time_zone="utc"),
        "a city in small letters": schedule(time_zone="Europe/berlin"),
        "a city alone": schedule(time_zone="Berlin"),
        "an offset": schedule(time_zone="UTC+1"),
        "a time zone of Windows": schedule(time_zone="W. Europe Standard Time"),
        "timezone": one(schedules=[{**{k: v for k, v in OFFICE.items() if k != "time_zone"}, "timezone": "UTC"}]),
        "a stop alone": one(schedules=[{k: v for k, v in OFFICE.items() if k != "start"}]),
        "a stop that a day has not": schedule(start="0 22 * * ? *", stop="30 2 * * ? *"),
        "one schedule, not in a list": one(schedules=OFFICE),
        "a date as people write it": schedule(exclude_dates=["25.12.2026"]),
        "a date of two meanings": schedule(exclude_dates=["12/11/2026"]),
        "a date without zeros": schedule(start_date="2027-1-5"),
        "a date with a time": schedule(start_date="2027-01-05T00:00:00Z"),
        "a day that no month has": schedule(exclude_dates=["2027-02-30"]),
        "a date, not in a list": schedule(exclude_dates="2026-12-25"),
        "holidays with their names": schedule(exclude_dates={"2026-12-25": "Christmas"}),
        "a spreadsheet of holidays": schedule(exclude_dates="holidays.xlsx"),
        "a calendar that is not there": schedule(exclude_dates="holidays.ics"),
        "disabled as text": schedule(enabled="no"),
        "the same name twice": one(
            schedules=[OFFICE, {**OFFICE, "start": "0 20 ? * MON-FRI *", "stop": "0 21 ? * MON-FRI *"}]
        ),
    },
    "several accounts and Regions": {
        "a project somewhere": places({"name": "welds", "project": "welds", "version": "latest"}),
        "a place for an ARN": one(place="us-east-1"),
        "an account apart from its Region": places(
            {"name": "welds", "project": "welds", "version": "latest", "place": "111122223333 us-east-1"}
        ),
        "a Region's place as a place": places(trusted_principals=[{**PRINCIPAL, "places": ["Ireland"]}]),
        "a Region without models": places(workloads=[{"name": "Nightly", "places": ["eu-west-2"]}]),
        "a rule where its model is not": places(event_rules=[{**RULE, "places": ["us-east-1"]}]),
        "one batch for two Regions": places(**batch(["s3://factory-images/"])),
        "two batches for one Region": {"detect_batch": [BATCH, BATCH]},
        "a batch in a Region without models": {"detect_batch": [{**BATCH, "place": "us-east-1"}]},
        "a list of batches without places": {"detect_batch": [batch(["s3://factory-images/"])["detect_batch"]]},
        "channels in two Regions": places(**slack("T0123456789", "C0123456789")),
    },
    "mails and chat": {
        "a name beside the address": email("Operators <ops@example.com>"),
        "two addresses in one": email("a@example.com, b@example.com"),
        "not in a list": {"notification_emails": "ops@example.com"},
        "without @": email("ops.example.com"),
        "without a domain's end": email("ops@localhost"),
        "mailto": email("mailto:ops@example.com"),
        "a comma at its end": email("ops@example.com,"),
        "twice": {"notification_emails": ["ops@example.com", "ops@example.com"]},
        "emails": {"emails": ["ops@example.com"]},
        "a severity in small letters": email({"address": "ops@example.com", "severities": ["error"]}),
        "one severity, not in a list": email({"address": "ops@example.com", "severities": "ERROR"}),
        "an unknown severity": email({"address": "ops@example.com", "severities": ["CRITICAL"]}),
        "a mistyped outcome": email({"address": "ops@example.com", "outcomes": ["MODEL_DWON"]}),
        "an outcome in small letters": email({"address": "ops@example.com", "outcomes": ["model_down"]}),
        "an unknown model": email({"address": "ops@example.com", "models": ["circuit-board-000"]}),
        "email for address": email({"email": "ops@example.com"}),
        "Slack's ids swapped": slack("C0123456789", "T0123456789"),
        "a Slack channel's name": slack("T0123456789", "#alerts"),
        "a Slack workspace's name": slack("my-company", "C0123456789"),
        "a Teams channel's id, not encoded": teams(channel_id="19:b6ef35dc342d56ba5654e6fc6d25a071@thread.tacv2"),
        "a Teams channel's link": teams(
            channel_id="https://teams.microsoft.com/l/channel/19%3ab6ef35dc%40thread.tacv2/General?groupId=1"
        ),
        "an id without dashes": teams(team_id="66666666777748888999000000000000"),
        "a tenant's name": teams(tenant_id="example.onmicrosoft.com"),
    },
    "places in S3": {
        "without s3://": batch(["factory-images/line-1/"]),
        "an ARN": batch(["arn:aws:s3:::factory-images/line-1/*"]),
        "a web address": batch(["https://factory-images.s3.eu-west-1.amazonaws.com/line-1/"]),
        "a wildcard": batch(["s3://factory-images/line-1/*"]),
        "capitals": batch(["s3://Factory-Images/line-1/"]),
        "not in a list": batch("s3://factory-images/"),
        "results in a list": batch(["s3://factory-images/"], ["s3://factory-results/"]),
        "s3:// twice": batch(["s3://s3://factory-images/"]),
        "no bucket": batch(["s3://"]),
        "results inside images": batch(["s3://factory-images/"], "s3://factory-images/results/"),
        "two full stops in a bucket's name": batch(["s3://factory..images/line-1/"]),
        "an IP address for a bucket": batch(["s3://192.168.1.20/line-1/"]),
        "two slashes behind the bucket": batch(["s3://factory-images//line-1/"]),
        "two slashes at the end": batch(["s3://factory-images/line-1//"]),
        "the folder above": batch(["s3://factory-images/../line-1/"]),
        "the folder itself": batch(["s3://factory-images/line-1/."]),
    },
    "inboxes": {
        "without a name": {"inboxes": [{key: value for key, value in INBOX.items() if key != "name"}]},
        "an inbox in place of the list": {"inboxes": INBOX},
        "a name with a blank": inbox(name="line 1"),
        "a name twice": {"inboxes": [INBOX, {**INBOX, "results": "s3://factory-results/line-2/"}]},
        "a model that is not configured": inbox(model="circuit-boards-00"),
        "a model by its ARN": inbox(model=ARN),
        "several folders of images": inbox(images=["s3://factory-images/line-1/", "s3://factory-images/line-2/"]),
        "images with a wildcard": inbox(images="s3://factory-images/line-1/*.png"),
        "the name of another inbox's dead letters": {
            "inboxes": [
                INBOX,
                {**INBOX, "name": "line-1-dead", "images": "s3://other/a", "results": "s3://other/b"},
            ]
        },
        "images with a line break at their end": inbox(images="s3://factory-images/line-1/\n"),
        "results among the images": inbox(results="s3://factory-images/line-1/labels/"),
        "results where the images are": inbox(results="s3://factory-images/line-1"),
        "images among the results": inbox(results="s3://factory-images/"),
        "results among another inbox's images": {
            "inboxes": [
                INBOX,
                {**INBOX, "name": "line-2", "images": "s3://line-2/", "results": "s3://factory-images/line-1/2/"},
            ]
        },
        "a batch's results among the images": {
            **batch(["s3://line-2/"], "s3://factory-images/line-1/labels/"),
            **inbox(),
        },
        "results among a batch's images": {
            **batch(["s3://factory-results/"], "s3://other-results/"),
            **inbox(),
        },
        "results shared by two": {"inboxes": [INBOX, {**INBOX, "name": "line-2"}]},
        "results inside another's": {
            "inboxes": [INBOX, {**INBOX, "name": "line-2", "results": "s3://factory-results/line-1/2/"}]
        },
        "results among a batch's results": {
            **batch(["s3://factory-images/line-2/"]),
            **inbox(),
        },
        "a batch's results among an inbox's results": {
            **batch(["s3://factory-images/line-2/"], "s3://factory-results/line-1/batches/"),
            **inbox(),
        },
        "idle for too short": inbox(idle_minutes=1),
        "one image at a time": inbox(max_concurrency=1),
        "a confidence as a share": inbox(min_confidence="0.8"),
        "a name of DetectBatch's input": inbox(MinConfidence=80),
        "started at once": inbox(start_after_minutes=0),
    },
    "events and callers": {
        "a pattern as text": rule(pattern='{"source": ["factory"]}'),
        "a pattern's value, not in a list": rule(pattern={"source": "factory"}),
        "a model that is not configured": rule(model="circuit-board-000"),
        "a bus's ARN": rule(event_bus="arn:aws:events:eu-west-1:111122223333:event-bus/factory"),
        "an empty pattern": rule(pattern={}),
        "a pattern without events' values": rule(pattern={"detail": {}}),
        "a path without $.": path_rule(model_path="detail.model"),
        "a path with brackets": path_rule(model_path="$.detail['model']"),
        "a path with an index": path_rule(model_path="$.detail.models[0]"),
        "another action": rule(action="START"),
        "a state machine's ARN as workload": {
            "workloads": ["arn:aws:states:eu-west-1:111122223333:stateMachine:Nightly"]
        },
        "one workload, not in a list": {"workloads": "Nightly"},
        "everybody": principal("*"),
        "a session's ARN": principal("arn:aws:sts::444455556666:assumed-role/pipeline/session"),
        "a service": principal("lambda.amazonaws.com"),
        "all users of an account": principal("arn:aws:iam::444455556666:user/*"),
        "all roles of a path": principal("arn:aws:iam::444455556666:role/pipelines/*"),
        "a part of a role's name": principal("arn:aws:iam::444455556666:role/pipeline-?"),
        "the account itself as a trusted one": {
            **one(),
            "trusted_principals": [{**PRINCIPAL, "principal": HOME.split(":")[4]}],
        },
        "a role of the account itself as a trusted one": {
            **one(),
            "trusted_principals": [{**PRINCIPAL, "principal": f"arn:aws:iam::{HOME.split(':')[4]}:role/ci"}],
        },
        "a model that differs in capitals": {
            "models": [{**model(), "name": "Defects"}, {**model(1), "name": "defects"}]
        },
        "an address that differs in capitals": {**one(), "notification_emails": ["Ops@example.com", "ops@example.com"]},
        "a schedule that differs in capitals": one(
            schedules=[
                {**OFFICE, "start": "0 6 ? * MON *", "stop": "0 7 ? * MON *"},
                {**OFFICE, "name": "Office"},
            ]
        ),
        "an inbox that differs in capitals": {
            **one(),
            "inboxes": [
                INBOX,
                {**INBOX, "name": "Line-1", "images": "s3://factory-images/l/", "results": "s3://factory-results/l/"},
            ],
        },
        "an account as a number": {"trusted_principals": [{"principal": 444455556666, "external_id": "pipeline"}]},
    },
    "the rest": {
        "an account with dashes": home(account="1111-2222-3333"),
        "an account as a number": home(account=111122223333),
        "an account without its zero": home(account=11122223333),
        "an Availability Zone": home(region="eu-west-1a"),
        "a Region without dashes": home(region="euwest1"),
        "a Region's place": home(region="EU (Ireland)"),
        "an enum in another case": {"unleased_models": "Notify"},
        "an unknown enum": {"on_destroy": "delete"},
        "a removal policy of CloudFormation": {"removal_policy": "RETAIN"},
        "days that logs can't be kept": {"log_retention_days": 45},
        "a switch as text": {"restart_when_down": "true"},
        "a switch as a number": {"restart_when_down": 1},
        "dollars as text": {"monthly_budget_usd": "$500"},
        "dollars with a comma": {"monthly_budget_usd": "1,500"},
        "a budget that nobody named": {"over_budget": "stop"},
        "another word for refusing": {"monthly_budget_usd": 500, "over_budget": "block"},
        "a wiki without https": {"runbook_url": "wiki.example.com/runbook"},
        "a path for an address": {"runbook_url": "docs/operations.md"},
        "an address with a space": {"runbook_url": "https://wiki.example.com/our runbook"},
        "http": {"runbook_url": "http://wiki.example.com/runbook"},
        "a tag of AWS's own": {"tags": {"aws:team": "vision"}},
        "a tag without a key": {"tags": {"": "vision"}},
        "a tag with a semicolon": {"tags": {"team;line": "vision"}},
        "a tag of 130 characters": {"tags": {"x" * 130: "vision"}},
        "a tag that is a number": {"tags": {"cost-centre": 4711}},
        "tags as AWS lists them": {"tags": [{"Key": "team", "Value": "vision"}]},
        "a decimal comma": {"inference_unit_hour_usd": "4,00"},
        "a switch for an object": {"detect_batch": True},
        "a price": {"price": 4},
        "a key in the singular": {"model": [model()]},
        "a misspelt key": {"notifcation_emails": []},
        "a key with dashes": {"notification-emails": []},
        "a comment as a key": {"//": "the models of line 1"},
        "minutes beyond an hour": {"sweep_minutes": 300},
    },
}
"""By what they are about: what is wrong, and the settings that differ from those of one model."""

_GOOD = '"custom-labels-lifecycle": {"models": []}'
FILES_MISTAKEN: Mapping[str, str | bytes] = {
    "empty": "",
    "a comment": '{\n  // the models\n  "context": {}\n}',
    "a comment with #": '{\n  "context": {}, # later\n}',
    "a comma at the end of an object": '{\n  "context": {\n    "a": 1,\n  }\n}',
    "a comma at the end of a list": '{"context": {"a": [1, 2,]}}',
    "a byte order mark": b'\xef\xbb\xbf{"context": {}}',
    "UTF-16": '{"context": {}}'.encode("utf-16"),
    "another encoding": '{"context": {"a": "prüfen"}}'.encode("latin-1"),
    "single quotes": "{'context': {}}",
    "typographic quotes": "{\u201ccontext\u201d: {}}",
    "a name without quotes": "{context: {}}",
    "a text without quotes": '{"context": {"a": Berlin}}',
    "Python's True": '{"context": {"a": True}}',
    "a comma missing": '{\n  "app": "x"\n  "context": {}\n}',
    "a colon missing": '{"context" {}}',
    "= for a colon": '{"context" = {}}',
    "unclosed": '{\n  "context": {\n    "a": 1\n',
    "another bracket": '{"context": {"a": [1, 2}}',
    "a bracket too many": '{"context": {}}}',
    "a text over two lines": '{"context": {"a": "b\nc"}}',
    "a backslash": '{"context": {"a": "C:\\images"}}',
    "a conflict of a merge": '{\n<<<<<<< HEAD\n  "context": {}\n=======\n>>>>>>> main\n}',
    "a key twice": '{"context": {"a": 1, "a": 2}}',
    "a key twice, once escaped, over several lines": '{\n  "context": {\n    "a": {"b": 1},\n    "\\u0061": {}\n  }\n}',
    "NaN": '{"context": {\n  "monthly_budget_usd": NaN}}',
    "minus infinity": '{"context": {"a": [1, -Infinity]}}',
    "a number beyond all": '{"context": {"a": 1e999}}',
    "a number of five thousand digits": f'{{"context": {{"a": {"9" * 5000}}}}}',
    "a list": "[]",
    "no settings": "{}",
    "settings beside context": '{"app": "x", "custom-labels-lifecycle": {"models": []}}',
    "settings without their object": '{"context": {"models": [], "notification_emails": []}}',
    "settings at the top": '{"models": [], "tags": {}}',
    "another spelling": '{"context": {"custom_labels_lifecycle": {"models": []}}}',
    "Context": f'{{"Context": {{{_GOOD}}}}}',
    "one setting beside the others": f'{{"context": {{{_GOOD}, "notification_emails": []}}, "models": []}}',
}
"""What is wrong, and the whole file."""
