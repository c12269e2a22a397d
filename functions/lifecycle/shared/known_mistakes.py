"""Kinds of mistakes that people make with names, ARNs, addresses and the like: tables for ``mistaken``.

What a text has to be is named by the ``title`` of its field in a schema; the constants are those titles.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

VERSION_ARN = "a model version's ARN"
PROJECT = "a project's name"
STATE_MACHINE = "a state machine's name"
EVENT_BUS = "an event bus's name"
EVENT_PATH = "a path into the event"
S3_LOCATION = "an S3 location"
BUCKET = "a bucket's name"
ACCOUNT = "an account's number"
REGION = "a Region's name"
PLACE = "a Region's name, or an account's number and a Region's name with a slash between"
PRINCIPAL = "an account's number, or the ARN of a role or user there"
EMAIL = "a mail address"
HTTPS = "an address that begins with https://"
SLACK_WORKSPACE = "a Slack workspace's id"
SLACK_CHANNEL = "a Slack channel's id"
TEAMS_CHANNEL = "a Teams channel's id, as it stands in the channel's link"
GUID = "an id of Microsoft Entra"
DATE = "a date"
CALENDAR = "a list of dates, or the path of an iCalendar file, which ends with .ics"


class Repair(NamedTuple):
    """What is wrong with a text of a form, and its form without that: a template of ``re``, or a function."""

    why: str
    form: str
    right: str | Callable[[re.Match[str]], str]


class Kind(NamedTuple):
    """What a text of a form is."""

    why: str
    form: str


_ARN = r"arn:[^:]*:"
_QUOTES = "\"'`\u00b4\u2018\u2019\u201c\u201d\u201e"

OF_ANY = (
    Repair("stands in quotes of its own", rf"[{_QUOTES}]+(.+?)[{_QUOTES}]+", r"\1"),
    Repair("stands in brackets", r"[<(\[{]+(.+?)[>)\]}]+", r"\1"),
    Repair("ends with a punctuation mark", r"(.+?)[.,;:/]+", r"\1"),
)
_REGION_NAMES = {
    "virginia": "us-east-1",
    "ohio": "us-east-2",
    "oregon": "us-west-2",
    "ireland": "eu-west-1",
    "london": "eu-west-2",
    "frankfurt": "eu-central-1",
    "mumbai": "ap-south-1",
    "singapore": "ap-southeast-1",
    "sydney": "ap-southeast-2",
    "tokyo": "ap-northeast-1",
    "seoul": "ap-northeast-2",
}
"""AWS General Reference, where Custom Labels is offered."""

_OF_ACCOUNT = (
    Repair("has something between its digits", r"(\d{4})\D(\d{4})\D(\d{4})", r"\1\2\3"),
    Repair("is an ARN", rf"{_ARN}[^:]*:[^:]*:(\d{{12}}):.*", r"\1"),
    Repair(
        "has fewer than the 12 digits of an account: zeros at its front count", r"\d{8,11}", lambda it: it[0].zfill(12)
    ),
)
_OF_REGION = (
    Repair("is an Availability Zone, not a Region", r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]", r"\1"),
    Repair(
        "is not written as AWS writes it",
        r"[A-Za-z]{2}[-_ A-Za-z]+\d",
        lambda it: re.sub("[_ ]", "-", it[0]).lower(),
    ),
    Repair(
        "is not written as AWS writes it",
        r"([a-z]{2})(north|south|central)?(north|south|east|west|central)(\d)",
        lambda it: f"{it[1]}-{it[2] or ''}{it[3]}-{it[4]}",
    ),
    Repair(
        "is the place of a Region, where its name is needed",
        rf"(?i).*\b({'|'.join(_REGION_NAMES)})\b.*",
        lambda it: _REGION_NAMES[it[1].lower()],
    ),
)
REPAIRS: Mapping[str, tuple[Repair, ...]] = {
    VERSION_ARN: (Repair("has dashes in its account", r"(.+:\d{4})-(\d{4})-(\d{4}:.+)", r"\1\2\3"),),
    PROJECT: (
        Repair(
            "is an ARN, where the project's name alone is needed", rf"{_ARN}rekognition:.*:project/([^/]+).*", r"\1"
        ),
        Repair("has a version behind the project's name", r"([^/:]+)/.+", r"\1"),
    ),
    STATE_MACHINE: (
        Repair("is an ARN, where the name alone is needed", rf"{_ARN}states:.*:stateMachine:([^:]+).*", r"\1"),
        Repair(
            "is an execution's ARN, where the state machine's name is needed",
            rf"{_ARN}states:.*:execution:([^:]+):.*",
            r"\1",
        ),
    ),
    EVENT_BUS: (Repair("is an ARN, where the name alone is needed", rf"{_ARN}events:.*:event-bus/(.+)", r"\1"),),
    EVENT_PATH: (
        Repair("stands in the brackets of an input template", r"<(.+)>", r"$.\1"),
        Repair(
            "has names in brackets",
            r"\$(\.[\w-]+|\[['\"][\w-]+['\"]\])+",
            lambda it: re.sub(r"\[['\"]([\w-]+)['\"]\]", r".\1", it[0]),
        ),
        Repair("has no $. in front", r"[$.]*(\w[\w.-]*)", r"$.\1"),
    ),
    S3_LOCATION: (
        Repair("is an ARN, where an address is needed", rf"{_ARN}s3:::(.+)", r"s3://\1"),
        Repair(
            "is a web address",
            r"https?://([a-z0-9.-]+?)\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?(/.*)?",
            lambda it: f"s3://{it[1]}{it[2] or ''}",
        ),
        Repair("is a web address", r"https?://s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?/(.+)", r"s3://\1"),
        Repair("does not begin with s3:// just once", r"(?:[sS]3[anAN]?:/*)+(.+)", r"s3://\1"),
        Repair("has a wildcard, where everything below is meant anyway", r"(s3://[^*?\[]+/)[^/]*[*?\[].*", r"\1"),
        Repair(
            "has an empty name between two slashes, which Amazon S3 keeps as a folder of its own",
            r"s3://[^/]+/.*",
            lambda it: f"s3://{re.sub('/+', '/', it[0].removeprefix('s3://'))}",
        ),
        Repair("has no s3:// in front", r"/*([a-z0-9][a-z0-9.-]{2,62}(?:/.*)?)", r"s3://\1"),
        Repair(
            "has capitals or underscores in the bucket's name, which no bucket has",
            r"s3://([^/]+)(/.*)?",
            lambda it: f"s3://{it[1].lower().replace('_', '-')}{it[2] or ''}",
        ),
    ),
    BUCKET: (
        Repair("is an ARN, where the name alone is needed", rf"{_ARN}s3:::([^/]+).*", r"\1"),
        Repair("is an address, where the bucket's name alone is needed", r"(?:[sS]3[anAN]?:/*)+([^/]+)/*", r"\1"),
        Repair(
            "is an address with a folder, where the bucket's name alone is needed",
            r"(?:[sS]3[anAN]?:/*)+([^/]+)/.*",
            r"\1",
        ),
        Repair("is a web address", r"https?://([a-z0-9.-]+?)\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?(?:/.*)?", r"\1"),
        Repair("is a web address", r"https?://s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?/([^/]+)(?:/.*)?", r"\1"),
        Repair(
            "is a web address", r"https?://[\w.-]*console\.aws\.amazon\.com/s3/(?:buckets|object)/([^/?#]+).*", r"\1"
        ),
        Repair("has a folder behind the bucket's name", r"/*([^/]+)/.*", r"\1"),
        Repair("has capitals, which no bucket has", r".*[A-Z].*", lambda it: it[0].lower()),
    ),
    ACCOUNT: _OF_ACCOUNT,
    PRINCIPAL: (
        Repair(
            "is the ARN of a session, where its role's is needed",
            r"arn:([^:]*):sts::(\d{12}):assumed-role/([^/]+)(?:/.*)?",
            r"arn:\1:iam::\2:role/\3",
        ),
        Repair("has a Region, which no role has", r"arn:([^:]*):iam:[^:]+:(\d{12}):(.+)", r"arn:\1:iam::\2:\3"),
        *_OF_ACCOUNT[::2],
    ),
    REGION: _OF_REGION,
    PLACE: (Repair("has no slash between account and Region", r"(\d{12})[^/\w]+(\w[\w-]+)", r"\1/\2"), *_OF_REGION),
    EMAIL: (
        Repair("has a name beside the address", r"[^<>]*<([^<>]+)>", r"\1"),
        Repair("begins with mailto:", r"(?i)mailto:(.+)", r"\1"),
        Repair("has a word where the @ belongs", r"(\S+)(?: at | ?\(at\) ?| ?\[at\] ?)(\S+)", r"\1@\2"),
        Repair("has two @", r"([^@]+)@@+([^@]+)", r"\1@\2"),
        Repair("has a space in it", r"(\S+)\s*(@)\s*(\S+)", r"\1\2\3"),
    ),
    HTTPS: (
        Repair("begins with http://", r"(?i)http://(.+)", r"https://\1"),
        Repair("names a section of the page; messages name their own", r"(https://[^#\s]+)#.*", r"\1"),
        Repair(
            "has a space in it, which an address writes as %20",
            r"https://\S+ .*",
            lambda it: it[0].strip().replace(" ", "%20"),
        ),
        Repair("has no https:// in front", r"/*([\w-]+(?:\.[\w-]+)+(?:/[^\s#]*)?)", r"https://\1"),
    ),
    TEAMS_CHANNEL: (
        Repair("is the whole link, where its part behind /channel/ is needed", r"https://.*/channel/([^/]+)/.*", r"\1"),
        Repair("is not encoded as in the link", r"19:[\w=+/.,-]+@[\w.-]+", lambda it: quote(it[0], safe="=+/.,-")),
    ),
    GUID: (
        Repair(
            "lacks its dashes",
            r"([0-9a-fA-F]{8})([0-9a-fA-F]{4})([0-9a-fA-F]{4})([0-9a-fA-F]{4})([0-9a-fA-F]{12})",
            r"\1-\2-\3-\4-\5",
        ),
        Repair(
            "is a link, where the id in it is needed",
            r"https://.*[=/]([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}).*",
            r"\1",
        ),
    ),
    DATE: (
        Repair("has a time behind the day", r"(\d{4}-\d\d-\d\d)[T ].*", r"\1"),
        Repair(
            "does not have the form YYYY-MM-DD",
            r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})",
            lambda it: f"{it[1]}-{it[2]:>02}-{it[3]:>02}",
        ),
        Repair("does not have the form YYYY-MM-DD", r"(\d{4})(\d\d)(\d\d)", r"\1-\2-\3"),
        Repair(
            "does not have the form YYYY-MM-DD",
            r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})",
            lambda it: f"{it[3]}-{it[2]:>02}-{it[1]:>02}",
        ),
    ),
}
"""By what the text has to be. A repair counts only where its outcome is right."""

_VERSION = r"arn:[^:]*:rekognition:[^:]*:[^:]*:project/"
KINDS: tuple[Kind, ...] = (
    Kind("is a placeholder", r"(?i)<.*>|\.\.\.|x{3,12}|todo|changeme|\$\{.*\}|(your|replace)[-_ ].*"),
    Kind("is a project's ARN; a version's goes on with /version/NAME/NUMBER", rf"{_VERSION}[^/]+(/\d+)?/?"),
    Kind("is a dataset's ARN; a version's has /version/NAME/NUMBER behind the project", rf"{_VERSION}[^/]+/dataset/.*"),
    Kind("is a model version's ARN without the number at its end", rf"{_VERSION}[^/]+/version/[^/]+/?"),
    Kind("is a model version's ARN that ends before the version's name", rf"{_VERSION}[^/]+/version/?"),
    Kind("is a model version's ARN with more behind its number", rf"{_VERSION}[^/]+/version/[^/]+/\d+[/:].*"),
    Kind("is a model version's ARN whose last part is no number", rf"{_VERSION}[^/]+/version/[^/]+/[^/]*[^\d/][^/]*"),
    Kind("is a model version's ARN", rf"{_VERSION}[^/]+/version/[^/]+/\d+"),
    Kind("is the ARN of something else in Amazon Rekognition", r"arn:[^:]*:rekognition:.*"),
    Kind("is an execution's ARN", r"arn:[^:]*:states:[^:]*:[^:]*:execution:.*"),
    Kind("is a state machine's ARN", r"arn:[^:]*:states:[^:]*:[^:]*:stateMachine:.*"),
    Kind("is a bucket's ARN", r"arn:[^:]*:s3:.*"),
    Kind("is a SageMaker ARN; a Custom Labels model's has rekognition in it", r"arn:[^:]*:sagemaker:.*"),
    Kind("is the ARN of an instance profile; its role has another", r"arn:[^:]*:iam:.*:instance-profile/.*"),
    Kind("is the ARN of a group, which can take no role", r"arn:[^:]*:iam:.*:group/.*"),
    Kind("is an ARN that breaks off", r"arn(:[^:]*){0,4}"),
    Kind("is the ARN of another AWS service", r"arn(:[^:]*){5,}"),
    Kind("is an S3 location", r"(?i)s3[an]?:/.*"),
    Kind("is a web address", r"(?i)https?://.*"),
    Kind("is an AWS service", r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com"),
    Kind("is everybody", r"\*"),
    Kind("is a mail address", r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    Kind("is an account's number", r"\d{12}"),
    Kind("is a channel's name", r"#.*"),
)
"""The first that fits."""

KINDS_OF: Mapping[str, tuple[Kind, ...]] = {
    VERSION_ARN: (
        Kind("has white space in it", r"arn:.*\S\s+\S.*"),
        Kind("is a project's and a version's name", r"[\w.-]+/(version/)?[\w.-]+(/\d+)?"),
        Kind("is only a name", r"[\w.-]+"),
    ),
    EMAIL: (
        Kind("is several addresses in one text; each is an entry of its own", r"[^@]+@[^@]*[,;\s][^@]*@.*"),
        Kind("has no @", r"[^@]*"),
        Kind("has more than one @", r"[^@]*@[^@]*@.*"),
        Kind("has nothing in front of the @", r"@.*"),
        Kind("has no domain with a full stop behind the @", r"[^@]+@[^.@]*"),
    ),
    CALENDAR: (
        Kind("is an address; save the calendar beside cdk.json, and name the file", r"(?i)(https?|webcal)://.*"),
        Kind("is another kind of file; calendars export .ics", r"(?i).*\.(csv|xlsx?|txt|pdf|json|html?|md)"),
    ),
    ACCOUNT: (Kind("has not the 12 digits of an account", r"\d+"),),
    DATE: (Kind("may be a day of two months", r"\d{1,2}/\d{1,2}/\d{4}"),),
    S3_LOCATION: (
        Kind("has a space in the bucket's name, which no bucket has", r"(s3://)?[^/]*\s[^/]*(/.*)?"),
        Kind("has no bucket behind s3://", r"s3:/*"),
        Kind(
            "has . or .. for a folder, which in Amazon S3 is a name like any other and leads nowhere",
            r"s3://[^/]+/(.*/)?\.\.?(/.*)?",
        ),
        Kind("has two full stops side by side in the bucket's name, which no bucket has", r"s3://[^/]*\.\.[^/]*(/.*)?"),
        Kind("has an IP address for the bucket's name, which no bucket has", r"s3://\d+(\.\d+){3}(/.*)?"),
    ),
    PRINCIPAL: (
        Kind(
            "has a wildcard, and a trust policy names each role or user whole; an account's number means all of them",
            r"arn:.*[*?].*",
        ),
    ),
    HTTPS: (Kind("has a space in it, which an address writes as %20", r".*\S\s+\S.*"),),
    SLACK_CHANNEL: (Kind("is the channel's name", r"#.*"),),
    EVENT_PATH: (
        Kind("has an index or a filter, and EventBridge's paths have names alone", r".*\[.*"),
        Kind("is the whole event", r"\$\.?"),
    ),
}
"""By what it has to be, and before the others."""

LIST_VERSIONS = 'aws rekognition describe-project-versions --query "ProjectVersionDescriptions[].ProjectVersionArn"'
FIND: Mapping[str, str] = {
    VERSION_ARN: (
        'aws rekognition describe-projects --query "ProjectDescriptions[].ProjectArn" lists the projects, and '
        f"{LIST_VERSIONS} --project-arn ARN the versions of one"
    ),
    PROJECT: 'aws rekognition describe-projects --query "ProjectDescriptions[].ProjectArn" lists them',
    STATE_MACHINE: 'aws stepfunctions list-state-machines --query "stateMachines[].name" lists them',
    EVENT_BUS: 'aws events list-event-buses --query "EventBuses[].Name" lists them',
    S3_LOCATION: "aws s3 ls lists your buckets, and aws s3 ls s3://BUCKET/ the folders of one",
    BUCKET: "aws s3 ls lists your buckets",
    ACCOUNT: "aws sts get-caller-identity --query Account shows yours",
    REGION: "aws configure get region shows yours",
    PLACE: "aws configure get region shows your Region",
    PRINCIPAL: 'aws iam list-roles --query "Roles[].Arn" lists the roles of an account',
    SLACK_WORKSPACE: "aws chatbot describe-slack-workspaces lists those that are authorised",
    SLACK_CHANNEL: "in Slack it stands at the end of the channel's link",
    TEAMS_CHANNEL: "in Teams it stands in the channel's link, behind /channel/",
    GUID: "aws chatbot list-microsoft-teams-configured-teams lists those that are authorised",
}
"""How what is right is found."""
