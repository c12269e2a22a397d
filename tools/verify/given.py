"""What each state is given when it is tested: variables, input, and the mocked answers of what it calls.

A state that is not named here is given what all are, and its Task answers the least that its integration can.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any

REGION, ACCOUNT = "us-east-1", "123456789012"
"""Of the account that the expectations were recorded for. Another's take its place when its credentials ask."""
HOME = f"{REGION}:{ACCOUNT}"
MODEL = f"arn:aws:rekognition:{HOME}:project/boards/version/v1/1793520000000"
EXECUTION = f"arn:aws:states:{HOME}:execution:CustomLabelsLifecycle-StartModel:verify"
WORKLOAD = f"arn:aws:states:{HOME}:stateMachine:Inspection"

EXECUTION_CONTEXT = {
    "Id": EXECUTION,
    "Name": "verify",
    "StartTime": "2026-11-30T12:00:00.000Z",
    "Input": {
        "Model": "defects",
        "Workload": {"Input": {"Line": 1}, "ModelField": "Model"},
        "Inbox": "line-1",
        "Run": 7,
    },
}
STATE_MACHINE = {
    "Id": f"arn:aws:states:{HOME}:stateMachine:CustomLabelsLifecycle-StartModel",
    "Name": "CustomLabelsLifecycle-StartModel",
}
PROGRESS = {"Polls": 3, "Unclear": False}
ANSWER = {"Action": "WAIT", "WaitSeconds": 0, "Progress": {"Polls": 4}}
"""Of any function."""
VARIABLES: Mapping[str, Json] = {
    "request": {
        "ProjectVersionArn": MODEL,
        "LeaseId": "verify",
        "WorkloadArn": WORKLOAD,
        "StartInput": {"ProjectVersionArn": MODEL, "LeaseId": "verify"},
        "ChildName": "verify-child",
        "ReleaseName": "verify-release",
        "Warnings": [],
    },
    "progress": PROGRESS,
    "next": {"Action": "WAIT", "WaitSeconds": 0, "Progress": PROGRESS},
    "result": {"Status": "RUNNING", "Warnings": ["said before"]},
    "failure": {"Error": "ModelFailed", "Cause": json.dumps({"Message": 'It "failed".\n'})},
    "model": {"ProjectVersionArn": MODEL, "Outcome": "MODEL_STARTED", "Warnings": []},
    "notified": True,
    "batch": {"HasImages": True, "Prefix": "line-1/"},
    "written": {},
    "mapFailure": {},
    "summary": {"Images": 3, "Warnings": []},
    "drained": {"Labelled": 7},
}
"""The variables that a state may read, whichever machine it is of."""


@dataclass(frozen=True)
class Branch:
    """One way through a state that no error takes.

    Parameters
    ----------
    variables : Mapping
        Instead of those that all states are given.
    given : any
        The state's input.
    result : any
        What its Task or Map answers; of a function, its payload alone.
    execution : any
        The input of the execution.
    """

    variables: Mapping[str, Json] = field(default_factory=dict)
    given: Json = None
    result: Json = None
    execution: Json = None


def _next(action: str, **more: Json) -> Branch:
    return Branch({"next": {"Action": action, "WaitSeconds": 0, "Progress": PROGRESS, **more}})


_DECIDED = {
    "REQUEST": _next("REQUEST"),
    "WAIT": _next("WAIT"),
    "DONE": _next("DONE", Result={"Status": "RUNNING"}),
    "an action that nobody knows": _next("HOP"),
}
_SILENT = {
    "a request": Branch(execution={"Model": "defects"}),
    "a dry run": Branch(execution={"Model": "defects", "DryRun": True}),
    "a question": Branch(execution={"Comment": "Insert your JSON here"}),
    "an input that is a list": Branch(execution=[1]),
}
_IMAGE = {"Image": {"S3Object": {"Bucket": "factory-images", "Name": "line-1/0001.png"}}}
_BATCH = {
    "Bucket": "factory-images",
    "Prefix": "line-1/",
    "Detect": {"ProjectVersionArn": MODEL, "MinConfidence": 80},
    "MaxConcurrency": 5,
    "ToleratedFailurePercentage": 10,
    "ResultsBucket": "factory-results",
    "ResultsPrefix": "labels/verify/",
}
_RECORD = {"Image": {"Bucket": "factory-images", "Key": "line-1/0001.png"}, "Message": "Not readable."}

GIVEN: Mapping[str, Mapping[str, Mapping[str, Branch]]] = {
    "start_model": {
        "What next?": _DECIDED,
        "Notify: failed": {**_SILENT, "an extension": Branch(execution={"Model": "defects", "ExtendOnly": True})},
        "Notify: running": {
            "a request": Branch(execution={"Model": "defects"}),
            "a dry run": Branch(execution={"Model": "defects", "DryRun": True}),
            "an extension": Branch(execution={"Model": "defects", "ExtendOnly": True}),
        },
        "Unknown action": {"an action that nobody knows": _next("HOP")},
    },
    "stop_model": {
        "What next?": _DECIDED,
        "Notify: failed": _SILENT,
        "Notify: stopped or kept running": {
            "a request": Branch(execution={"Model": "defects"}),
            "a dry run": Branch(execution={"Model": "defects", "DryRun": True}),
        },
        "Unknown action": {"an action that nobody knows": _next("HOP")},
    },
    "run_with_model": {
        "Is it a duplicate?": {
            "the first with its token": Branch(),
            "a duplicate": Branch({"request": {"DuplicateOf": EXECUTION}}),
        },
        "Has the first execution ended?": {
            "it runs": _next("WAIT"),
            "it failed": _next("DONE", Result={"Failure": {"Error": "BeltJammed", "Cause": "Line 1."}}),
            "it succeeded": _next("DONE", Result={"Output": {"Model": {}}}),
        },
        "First execution succeeded": {
            "with its output": _next("DONE", Result={"Output": {"Model": {"Status": "RUNNING"}}})
        },
        "Start the model": {
            "started": Branch(
                result={"Status": "SUCCEEDED", "Output": {"Outcome": "MODEL_STARTED", "Warnings": ["a"]}}
            ),
            "started, with a warning of the run": Branch(
                {"request": {**VARIABLES["request"], "Warnings": ["b"]}},
                result={"Status": "SUCCEEDED", "Output": {"Outcome": "MODEL_STARTED", "Warnings": ["a"]}},
            ),
        },
        "Already notified?": {"notified": Branch({"notified": True}), "not yet": Branch({"notified": False})},
        "Is it a dry run?": {
            "a dry run": Branch({"model": {"Outcome": "DRY_RUN"}}),
            "a start": Branch({"model": {"Outcome": "MODEL_STARTED"}}),
        },
        "Run the workload": {
            "with the model in a field": Branch(),
            "with its input alone": Branch(execution={"Workload": {"Input": {"Line": 1}}}),
            "with nothing": Branch(execution={"Workload": {}}),
        },
        "Has the workload failed?": {
            "failed": Branch({"failure": {"Error": "BeltJammed"}}),
            "succeeded": Branch({"failure": {}}),
        },
        "Has the workload warned?": {
            "it warned": Branch(given={"Workload": {"Warnings": ["No image."]}}),
            "nothing that is text": Branch(given={"Workload": {"Warnings": [1]}}),
            "it answered a list": Branch(given={"Workload": [1]}),
        },
        "Notify: warnings": {
            "of many only ten": Branch(given={"Workload": {"Warnings": [*map(str, range(12)), "x" * 1200]}}),
        },
        "Notify: failed": {**_SILENT, "before the model was found": Branch({"model": {}})},
    },
    "drain_inbox": {
        "Was it opened?": {
            "it was": Branch({"failure": {"Error": "InboxBlocked"}}),
            "it was refused": Branch({"failure": {"Error": "InvalidRequest"}}),
        },
        "Has it failed?": {
            "it has": Branch({"failure": {"Error": "InboxBlocked"}}),
            "it is drained": Branch({"failure": {}}),
        },
    },
    "detect_batch": {
        "Are there images?": {
            "there are": Branch(),
            "there are none": Branch({"batch": {"HasImages": False}}),
        },
        "Detect labels in each image": {"a batch": Branch(given=_BATCH, result={"MapRunArn": "arn:aws:states:run"})},
    },
    "detect_batch/Detect labels in each image": {
        "Is it an image?": {
            "an image": Branch(given=_IMAGE),
            "a folder": Branch(given={"Image": {"S3Object": {"Bucket": "factory-images", "Name": "line-1/"}}}),
        },
        "Skip the object": {"a folder": Branch(given={**_IMAGE, "Skipped": "A folder, not an image."})},
        "Detect labels": {
            "several labels": Branch(
                given={**_IMAGE, "Detect": _BATCH["Detect"]},
                result={"CustomLabels": [{"Name": "scratch", "Confidence": 91.5}, {"Name": "dent", "Confidence": 80}]},
            ),
            "one label": Branch(
                given={**_IMAGE, "Detect": _BATCH["Detect"]},
                result={"CustomLabels": [{"Name": "scratch", "Confidence": 91.5}]},
            ),
            "none": Branch(given={**_IMAGE, "Detect": _BATCH["Detect"]}, result={"CustomLabels": []}),
        },
        "Is the image to blame?": {
            "perhaps": Branch(given={**_RECORD, "Error": "InvalidS3ObjectException"}),
            "yes": Branch(given={**_RECORD, "Error": "ImageTooLargeException"}),
            "its key": Branch(given={**_RECORD, "Error": "ValidationException"}),
            "no": Branch(given={**_RECORD, "Error": "RekognitionException"}),
        },
        "Can the image be read?": {
            "it can": Branch(given={**_RECORD, "Error": "InvalidS3ObjectException"}, result={"ContentLength": 4}),
        },
        "Image is not to blame": {"it failed": Branch(given={**_RECORD, "Error": "InvalidS3ObjectException"})},
        "Record the result": {"a result": Branch(given=_RECORD)},
    },
}
"""By machine and state; the states that a Map runs are those of a machine of its own."""

ITEMS = [{"Etag": '"0"', "Key": "line-1/0001.png", "LastModified": 1793520000, "Size": 4, "StorageClass": "STANDARD"}]
"""What a Map's ItemReader has read."""

CAUSE = 32_768
"""Characters that a Cause has at most: of a longer one the rest is lost."""
NESTED_ENDS: Mapping[str, Mapping[str, str]] = {
    f"the execution ended as {status}": {
        "error": "States.TaskFailed",
        "cause": json.dumps({"ExecutionArn": EXECUTION, "Status": status, **more}),
    }
    for status, more in {
        "FAILED": {"Error": "CapacityExceeded", "Cause": '{"Message": "No room."}'},
        "ABORTED": {},
        "ABORTED, with a reason": {"Error": "Reason", "Cause": "by hand"},
        "TIMED_OUT": {},
    }.items()
} | {
    "the execution's end is too long to be read": {
        "error": "States.TaskFailed",
        "cause": '{"Error": "CapacityExceeded", "Cause": "'.ljust(CAUSE, "x"),
    },
}
"""How a nested execution may end that does not succeed."""
