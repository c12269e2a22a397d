"""What has to be known of AWS, by boto3: with the credentials that the CDK CLI will take too."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings.places import Place

QUALIFIER = "hnb659fds"
"""In the names of what a bootstrapping makes, unless somebody has chosen another (AWS CDK Developer Guide)."""
VERSION = f"/cdk-bootstrap/{QUALIFIER}/version"
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"})


class CredentialsError(Exception):
    """There are none that AWS takes: a sentence, and the command that mends it."""


class Account:
    """Whose credentials these are, and what they reach.

    Parameters
    ----------
    region : str
        Where AWS is asked whose they are.
    client : callable
        Gives a boto3 client, by service and Region.
    """

    def __init__(self, region: str, client: Callable[[str, str], Any] | None = None) -> None:
        self._region = region
        self._client: Callable[[str, str], Any] = client or boto3.client  # type: ignore[assignment] # overloads

    @cached_property
    def _identity(self) -> dict[str, str]:
        try:
            identity: dict[str, str] = self._client("sts", self._region).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise CredentialsError(_said(error)) from error
        return identity

    @property
    def caller(self) -> str:
        """The ARN of whose credentials these are."""
        return self._identity["Arn"]

    @property
    def account(self) -> str:
        """Theirs."""
        return self._identity["Account"]

    def takes_deploy_role(self, place: Place) -> bool:
        """Whether they may deploy to a place of another account, by the role that its bootstrapping has made."""
        partition = self.caller.split(":")[1]
        name = f"cdk-{QUALIFIER}-deploy-role-{place.account}-{place.region}"
        role = f"arn:{partition}:iam::{place.account}:role/{name}"
        try:
            self._client("sts", place.region).assume_role(RoleArn=role, RoleSessionName="custom-labels-lifecycle")
        except (BotoCoreError, ClientError):
            return False
        return True

    def bootstrap_version(self, region: str) -> int | None:
        """That of a Region in their account; 0 where there is none, None where it can't be known."""
        ssm = self._client("ssm", region)
        try:
            return int(ssm.get_parameter(Name=VERSION)["Parameter"]["Value"])
        except ClientError as error:
            return 0 if error.response["Error"]["Code"] == "ParameterNotFound" else None
        except (BotoCoreError, ValueError):
            return None


def _said(error: Exception) -> str:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    match error:
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return "There are no AWS credentials: log in with aws sso login, set AWS_PROFILE, or run aws configure."
        case exceptions.ProfileNotFound():
            return f"{error}: aws configure list-profiles shows those that there are."
        case exceptions.SSOError() | exceptions.TokenRetrievalError():
            return f"The login has ended ({error}): aws sso login."
        case ClientError() if code in _EXPIRED:
            return "The AWS credentials have expired: aws sso login, or take new ones."
        case ClientError() if code in _UNKNOWN:
            return f"AWS does not know these credentials ({code}): aws configure list shows where they come from."
        case exceptions.EndpointConnectionError() | exceptions.HTTPClientError():
            return f"AWS can't be reached: {error}"
        case _:
            return f"Whose credentials these are can't be known: {error}"
