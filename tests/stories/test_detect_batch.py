"""DetectBatch end to end: the deployed template, the real ASL with its Map, the packaged handlers, IAM enforced."""

import itertools
import json
from fnmatch import fnmatchcase

from emulator import images
from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import failed_well
from tests.deployed.batches import BUCKET, RESULTS, is_output, lines_of, read
from tests.deployed.executions import StateMachine
from tests.infra.policies import listed
from tests.stories.conftest import Own

DETECT = "rekognition:DetectCustomLabels"
NOT_CALLED_BY_OUR_CODE = {"logs:CreateLogStream", "logs:PutLogEvents"}
_numbers = itertools.count()


def busy_minutes(emulator: Emulator, arn: str) -> int:
    """In how many minutes images were labelled with a model, as far as that is recorded."""
    items = emulator.client("dynamodb").scan(TableName=emulator.outputs["LedgerTableName"])["Items"]
    recorded = (item for item in items if item["Id"]["S"].startswith(f"{arn}#"))
    return sum(len(item["Minutes"]["NS"]) for item in recorded)


def test_images_are_labelled_broken_ones_recorded_and_folders_skipped(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key=prefix, Body=b"")
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model, "ToleratedFailurePercentage": 20}
    execution = detect_batch.run(given, name=f"labelled-{next(_numbers)}")
    assert execution.status == "SUCCEEDED"
    is_output(execution.output)
    counted = execution.output
    assert (counted["Images"], counted["Labelled"], counted["Failed"], counted["Skipped"]) == (7, 6, 1, 1)
    assert counted["Labels"] == dict.fromkeys(images.COLOURS, 1)
    assert counted["Failures"] == {"InvalidImageFormatException": 1}
    assert counted["InferenceUnits"] == 1
    assert counted["Results"]["Prefix"] == f"labels/{execution.arn.rpartition(':')[2]}/"
    assert json.loads(read(emulator, counted["Results"]["Summary"])) == counted
    lines = lines_of(emulator, execution)
    where = {"Bucket": BUCKET, "Key": f"{prefix}red.png"}
    assert lines["red.png"] == {"Image": where, "CustomLabels": [{"Name": "red", "Confidence": 100}]}
    assert lines["broken.png"]["Error"] == "InvalidImageFormatException"
    assert lines["broken.png"]["Message"].startswith("Request has invalid image format")
    assert "Skipped" in lines[""]
    assert busy_minutes(emulator, model) > 0, "the bill knows that the model was not idle"


def test_too_many_broken_images_fail_the_batch_which_says_which(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    cause = failed_well(execution, "TooManyFailures")
    assert "1 of 7 images" in cause["Message"]
    assert f"{prefix}broken.png" in cause["Message"]
    key = cause["Message"].rpartition(f"s3://{RESULTS}/")[2]
    summary = json.loads(read(emulator, key))
    is_output(summary)
    assert (summary["Error"], summary["Labelled"]) == ("TooManyFailures", 6)


def granted(emulator: Emulator) -> set[tuple[str, str, str]]:
    """The role, action and resource of everything that DetectBatch's functions are granted."""
    iam = emulator.client("iam")
    found = set[tuple[str, str, str]]()
    for role in (one for page in iam.get_paginator("list_roles").paginate() for one in page["Roles"]):
        name, trusted = role["RoleName"], json.dumps(role["AssumeRolePolicyDocument"])
        if "DetectBatch" not in name or "lambda.amazonaws.com" not in trusted:
            continue
        assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], "they have to be read too"
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]:
                actions, resources = listed(statement["Action"]), listed(statement["Resource"])
                found |= {(name, action, resource) for action in actions for resource in resources}
    return found


def test_every_action_that_its_functions_are_granted_is_used(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str, own: Own
) -> None:
    before = len(emulator.authoriser.decisions)
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model}
    assert detect_batch.run({**given, "ToleratedFailurePercentage": 100}).status == "SUCCEEDED"
    own.fails(Fault(DETECT, contains=prefix, calls=None, error="ResourceNotReadyException"))
    assert detect_batch.run(given).status == "FAILED"
    used = {(one.role, one.action, one.resource) for one in emulator.authoriser.decisions[before:] if one.allowed}
    grants = granted(emulator)
    assert len({role for role, *_ in grants}) == 2
    assert not {
        (role, action, resource)
        for role, action, resource in grants
        if action not in NOT_CALLED_BY_OUR_CODE
        and not any(by == role and called == action and fnmatchcase(on, resource) for by, called, on in used)
    }


def test_the_functions_read_and_write_nowhere_else(emulator: Emulator, detect_batch: StateMachine, model: str) -> None:
    """The request is checked; were it not, IAM would refuse."""
    results = {resource for _, action, resource in granted(emulator) if "s3:" in action}
    assert results == {
        f"arn:aws:s3:::{BUCKET}",
        f"arn:aws:s3:::{RESULTS}",
        f"arn:aws:s3:::{RESULTS}/labels/*",
    }
    assert detect_batch.run({"Bucket": RESULTS, "ProjectVersionArn": model}).error == "InvalidRequest"
