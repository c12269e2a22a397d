"""``make deploy`` and its like: what the credentials reach goes to the CDK CLI, and what they do not is said."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError, ProfileNotFound, UnauthorizedSSOTokenError
from botocore.stub import Stubber

from infra.settings.cdk_json import HANDED_OVER
from infra.settings.places import Place
from infra.settings.settings import CONTEXT_KEY, ROOT, Settings
from tests.infra.configurations import MINIMAL, elsewhere, model
from tools import removal
from tools.deploy import __main__ as command_line
from tools.deploy.aws import VERSION, Account, CredentialsError
from tools.deploy.reach import arguments, examples, reached, undecided

HERE, THERE, OTHER = "111122223333/eu-west-1", "111122223333/us-east-1", "444455556666/eu-west-1"
THREE = {"models": [model(), elsewhere(1, region="us-east-1"), elsewhere(2, account="444455556666")]}
ALL = Settings.of_places(THREE)


@dataclass
class Aws:
    """AWS as somebody of the first account sees it."""

    account: str = "111122223333"
    caller: str = "arn:aws:iam::111122223333:user/anna"
    trusted: Sequence[str] = ()
    bootstrapped: Mapping[str, int | None] = field(default_factory=lambda: {"eu-west-1": 30, "us-east-1": 30})

    def takes_deploy_role(self, place: Place) -> bool:
        return str(place) in self.trusted

    def bootstrap_version(self, region: str) -> int | None:
        return self.bootstrapped[region]


def went(command: str, aws: Aws) -> tuple[list[str], list[str]]:
    """The places that a command goes on with, and what is said of the others."""
    found = reached(ALL, command, aws)
    return [str(settings.place) for settings in found.places], found.left_out


@pytest.mark.parametrize("command", ["deploy", "diff", "bootstrap"])
def test_what_the_credentials_do_not_reach_is_left_out_and_how_to_reach_it_is_said(command: str) -> None:
    assert went(command, Aws()) == (
        [HERE, THERE],
        [
            f"{OTHER} is left out: these credentials are of account 111122223333 ({Aws.caller}). "
            f"Take those of 444455556666, such as by AWS_PROFILE=NAME make {command} PLACE={OTHER}"
        ],
    )


def test_another_account_is_reached_where_its_bootstrapping_trusts_this_one() -> None:
    """By its deploy role, as the CDK CLI does; that has no right to bootstrap."""
    trusted = Aws(trusted=[OTHER])
    assert went("deploy", trusted) == ([HERE, THERE, OTHER], [])
    assert went("bootstrap", trusted)[0] == [HERE, THERE]


@pytest.mark.parametrize(
    ("version", "says"), [(0, "it is not bootstrapped"), (5, "it is bootstrapped by version 5, and 6 is needed")]
)
def test_a_place_that_is_not_bootstrapped_is_left_out_with_the_command_that_does_it(version: int, says: str) -> None:
    aws = Aws(bootstrapped={"eu-west-1": 6, "us-east-1": version})
    places, (said, _) = went("deploy", aws)
    assert places == [HERE]
    assert said == f"{THERE} is left out: {says}. make bootstrap PLACE={THERE}"
    assert went("bootstrap", aws)[0] == went("destroy", aws)[0] == [HERE, THERE]


def test_where_it_can_not_be_known_whether_a_place_is_bootstrapped_the_cdk_cli_finds_out() -> None:
    assert went("deploy", Aws(bootstrapped={"eu-west-1": None, "us-east-1": None}))[0] == [HERE, THERE]


def test_the_account_of_the_examples_is_nobody_s() -> None:
    places = Settings.of_places({"models": [elsewhere(account="123456789012")]})
    (said,) = reached(places, "deploy", Aws()).left_out
    assert said == (
        "123456789012/eu-west-1 is left out: 123456789012 is the account of AWS's examples. Put the ARNs of your "
        "models into cdk.json"
    )


def test_the_example_that_comes_with_the_project_is_refused_by_name() -> None:
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"][CONTEXT_KEY]
    places = Settings.of_places(context)
    arn, address = examples(places, "deploy")
    assert context["models"][0]["project_version_arn"] in arn
    assert "for defects: put that of your model version there" in arn
    assert "an example's address, ml-operators@example.com, which nobody reads" in address
    assert [*examples(places, "diff")] == [arn]


@pytest.mark.parametrize(
    ("address", "nobody"),
    [
        ("a@example.com", True),
        ("a@mail.example.org", True),
        ("a@Example.NET", True),
        ("a@factory.test", True),
        ("a@myexample.com", False),
        ("a@example.com.au", False),
    ],
)
def test_an_address_that_nobody_can_have_is_one_of_an_example(address: str, nobody: bool) -> None:
    places = Settings.of_places({**MINIMAL, "notification_emails": [address]})
    assert bool([*examples(places, "deploy")]) == nobody


def test_only_one_place_is_destroyed_at_a_time() -> None:
    assert undecided(ALL, "destroy") == (
        f"Which one? There are {HERE}, {THERE} and {OTHER}. Say make destroy PLACE={HERE}, for example."
    )
    assert undecided(ALL[:1], "destroy") is undecided(ALL, "deploy") is None


def test_the_cdk_cli_is_given_stacks_or_to_bootstrap_environments() -> None:
    assert arguments(ALL[:2], "deploy") == [
        "deploy",
        "CustomLabelsLifecycle-111122223333-eu-west-1",
        "CustomLabelsLifecycle-111122223333-us-east-1",
    ]
    assert arguments(ALL[2:], "bootstrap") == ["bootstrap", f"aws://{OTHER}"]


# --- The command ------------------------------------------------------------------------------------------------------

Run = Callable[..., tuple[int, list[Sequence[str]], str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: its exit code, what the CDK CLI was given, and what was said."""

    def it(
        command: str, context: Mapping[str, Any] = THREE, place: str = "", code: int = 0, why_not: str | None = None
    ) -> Any:
        given: list[Sequence[str]] = []

        def cdk(arguments: Sequence[str]) -> int:
            given.append(arguments)
            return code

        monkeypatch.setenv(HANDED_OVER, json.dumps({CONTEXT_KEY: context}))
        monkeypatch.setattr(command_line, "Account", lambda _region: Aws(trusted=[place]))
        monkeypatch.setattr(command_line, "cdk", cdk)
        monkeypatch.setattr(removal, "refusal", lambda _region: why_not)
        return command_line.main(command, {"PLACE": place}), given, capsys.readouterr().err

    return it


def test_what_is_reached_is_deployed_and_what_was_left_out_fails_the_command(run: Run) -> None:
    code, given, said = run("deploy")
    assert (code, given) == (1, [arguments(ALL[:2], "deploy")])
    assert said.startswith(f"{OTHER} is left out")


def test_one_place_is_meant_by_its_region_or_with_its_account(run: Run) -> None:
    assert run("deploy", place="us-east-1") == (0, [arguments(ALL[1:2], "deploy")], "")
    assert run("destroy", place=HERE) == (0, [arguments(ALL[:1], "destroy")], "")
    code, given, said = run("destroy", place="eu-west-1")
    assert (code, given) == (1, [])
    assert said.startswith(f"Which one? There are {HERE} and {OTHER}.")


def test_a_stack_that_may_not_be_removed_is_not_handed_over(run: Run) -> None:
    why_not = "1 model would go on to bill."
    said = f"{why_not}\nNothing was asked of CloudFormation.\n"
    assert run("destroy", place=HERE, why_not=why_not) == (1, [], said)


def test_the_stack_of_an_account_that_trusts_this_one_is_asked_by_cloudformation_alone(run: Run) -> None:
    """This account's own stack of the same name would answer for other models."""
    assert run("destroy", place=OTHER, why_not="others run here") == (0, [arguments(ALL[2:], "destroy")], "")


@pytest.mark.parametrize(
    ("command", "enabled", "is_said"), [("deploy", True, True), ("deploy", False, False), ("diff", True, False)]
)
def test_what_one_would_not_expect_of_schedules_is_said_before_the_deploy(
    run: Run, command: str, enabled: bool, is_said: bool
) -> None:
    night = {"name": "night", "start": "0 22 ? * MON-FRI *", "time_zone": "UTC", "enabled": enabled}
    (model,) = MINIMAL["models"]
    said = run(command, {**MINIMAL, "models": [{**model, "schedules": [night]}]})[2]
    warning = "Schedule night: It has no stop: its lease ends after the model's lease_minutes.\n"
    assert said == (warning if is_said else "")


def test_the_exit_code_is_that_of_the_cdk_cli(run: Run) -> None:
    assert run("deploy", MINIMAL, code=3)[0] == 3


@pytest.mark.parametrize(
    ("context", "place", "says"),
    [
        (THREE, "eu-west-3", "PLACE=eu-west-3 is no place of the models in cdk.json; they are in "),
        (
            {**MINIMAL, "notification_emails": ["ml-operators@example.com"]},
            "",
            "cdk.json still has an example's address",
        ),
        ({"models": []}, "", "cdk.json, context:"),
    ],
    ids=["an unknown place", "an example", "wrong settings"],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    run: Run, context: Mapping[str, Any], place: str, says: str
) -> None:
    code, given, said = run("deploy", context, place)
    assert (code, given) == (1, [])
    assert said.startswith(says)


# --- What AWS is asked ------------------------------------------------------------------------------------------------

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


def asked(service: str, operation: str, answer: Mapping[str, Any] | str) -> Account:
    """An account where one service answers one operation, or has an error of that code."""
    client: Any = boto3.client(service, **KEYS)  # type: ignore[call-overload] # keys by name
    stubber = Stubber(client)
    if isinstance(answer, str):
        stubber.add_client_error(operation, answer)
    else:
        stubber.add_response(operation, answer)
    stubber.activate()
    return Account("us-east-1", lambda _service, _region: client)


def test_whose_credentials_these_are() -> None:
    account = asked("sts", "get_caller_identity", {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root"})
    assert (account.account, account.caller) == ("111122223333", "arn:aws:iam::111122223333:root")


@pytest.mark.parametrize(
    ("error", "says", "command"),
    [
        (NoCredentialsError(), "There are no AWS credentials", "aws sso login"),
        (ProfileNotFound(profile="work"), "(work) could not be found", "aws configure list-profiles"),
        (UnauthorizedSSOTokenError(), "The login has ended", "aws sso login"),
        ("ExpiredToken", "credentials have expired", "aws sso login"),
        ("InvalidClientTokenId", "AWS does not know these credentials", "aws configure list"),
        ("ServiceUnavailable", "can't be known", "ServiceUnavailable"),
    ],
)
def test_where_aws_takes_no_credentials_a_sentence_names_the_command(
    error: Exception | str, says: str, command: str
) -> None:
    def refuse(_service: str, _region: str) -> None:
        assert isinstance(error, Exception)
        raise error

    account = asked("sts", "get_caller_identity", error) if isinstance(error, str) else Account("us-east-1", refuse)
    with pytest.raises(CredentialsError) as said:
        _ = account.account
    assert says in str(said.value)
    assert command in str(said.value)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("answer", "version"),
    [({"Parameter": {"Name": VERSION, "Value": "30"}}, 30), ("ParameterNotFound", 0), ("AccessDeniedException", None)],
)
def test_the_version_of_a_bootstrapping_is_a_parameter_of_its_region(answer: Any, version: int | None) -> None:
    assert asked("ssm", "get_parameter", answer).bootstrap_version("us-east-1") == version


def test_a_deploy_role_of_another_account_is_taken_or_not() -> None:
    caller = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root"}
    keys = {"AccessKeyId": "A" * 16, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-11-30T00:00:00Z"}
    role = "arn:aws:iam::444455556666:role/cdk-hnb659fds-deploy-role-444455556666-eu-west-1"
    sts: Any = boto3.client("sts", **KEYS)  # type: ignore[call-overload] # keys by name
    with Stubber(sts) as stubber:
        stubber.add_response("get_caller_identity", caller)
        stubber.add_response(
            "assume_role",
            {"Credentials": keys},
            {"RoleArn": role, "RoleSessionName": "custom-labels-lifecycle"},
        )
        stubber.add_client_error("assume_role", "AccessDenied")
        account = Account("us-east-1", lambda _service, _region: sts)
        place = Place("444455556666", "eu-west-1")
        assert [account.takes_deploy_role(place), account.takes_deploy_role(place)] == [True, False]
