"""Custom Labels' operations on projects, their policies, and the tags of everything in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.answers import Answer, time, without_none
from emulator.custom_labels import CustomLabels
from emulator.dataset_operations import described_in_project
from emulator.datasets import Dataset
from emulator.model_versions import CUSTOM_LABELS, CustomLabelsError, Policy, Project, Version, page

Given = Mapping[str, Any]

_MAX_TAGS = 200
_MAX_POLICIES = 5
"""On a page: there may be more."""


def create_project(state: CustomLabels, given: Given) -> Answer:
    """Create an empty project, for models or for adapters."""
    feature, auto_update = given.get("Feature", CUSTOM_LABELS), given.get("AutoUpdate")
    project = state.create_project(given["ProjectName"], feature, auto_update=auto_update, tags=given.get("Tags"))
    return {"ProjectArn": project.arn}


def delete_project(state: CustomLabels, given: Given) -> Answer:
    """Begin to delete a project that has no versions or datasets."""
    state.delete_project(given["ProjectArn"])
    return {"Status": "DELETING"}


def describe_projects(state: CustomLabels, given: Given) -> Answer:
    """A page of projects: only those of Custom Labels, unless other Features are asked for."""
    names, size, token = given.get("ProjectNames"), given.get("MaxResults"), given.get("NextToken")
    with state.lock:
        projects, following = state.describe_projects(names, size, token, given.get("Features", (CUSTOM_LABELS,)))
        described = [_described(project) for project in projects]
    return without_none({"ProjectDescriptions": described, "NextToken": following})


def _described(project: Project) -> Answer:
    return without_none(
        {
            "ProjectArn": project.arn,
            "CreationTimestamp": time(project.created),
            "Status": "CREATED" if project.deleted is None else "DELETING",
            "Datasets": [described_in_project(dataset) for dataset in project.datasets],
            "Feature": project.feature,
            "AutoUpdate": project.auto_update,
        }
    )


def put_project_policy(state: CustomLabels, given: Given) -> Answer:
    """Attach a policy, or replace the given revision; nothing is copied between accounts here."""
    try:
        statements = json.loads(given["PolicyDocument"])["Statement"]
    except (ValueError, TypeError, KeyError):
        statements = None
    if not statements:
        raise CustomLabelsError("MalformedPolicyDocumentException", "The policy document has no statement.")
    name, revision = given["PolicyName"], given.get("PolicyRevisionId")
    with state.lock:
        project, now = state.project(given["ProjectArn"]), state.now()
        there = project.policies.get(name)
        if there is not None and revision is None:
            raise CustomLabelsError("ResourceAlreadyExistsException", f"The project has a policy {name} already.")
        if there is None and revision is not None:
            raise _wrong_revision(name)
        policy = Policy(name, given["PolicyDocument"], f"{state.number():032x}", now, now)
        if there is not None:
            _check_revision(there, revision)
            policy = replace(policy, created=there.created)
        project.policies[name] = policy
        return {"PolicyRevisionId": policy.revision}


def list_project_policies(state: CustomLabels, given: Given) -> Answer:
    """A page of a project's policies."""
    with state.lock:
        project = state.project(given["ProjectArn"])
        size, token = given.get("MaxResults", _MAX_POLICIES), given.get("NextToken")
        found, following = page([*project.policies.values()], size, token, ["policies", project.arn])
        described = [
            {
                "ProjectArn": project.arn,
                "PolicyName": policy.name,
                "PolicyRevisionId": policy.revision,
                "PolicyDocument": policy.document,
                "CreationTimestamp": time(policy.created),
                "LastUpdatedTimestamp": time(policy.updated),
            }
            for policy in found
        ]
        return without_none({"ProjectPolicies": described, "NextToken": following})


def delete_project_policy(state: CustomLabels, given: Given) -> Answer:
    """Detach a policy, if the given revision is the current one."""
    name = given["PolicyName"]
    with state.lock:
        project = state.project(given["ProjectArn"])
        if name not in project.policies:
            raise CustomLabelsError("ResourceNotFoundException", f"The project has no policy {name}.")
        _check_revision(project.policies[name], given.get("PolicyRevisionId"))
        del project.policies[name]
        return {}


def _check_revision(policy: Policy, revision: str | None) -> None:
    if revision not in (None, policy.revision):
        raise _wrong_revision(policy.name)


def _wrong_revision(name: str) -> CustomLabelsError:
    return CustomLabelsError("InvalidPolicyRevisionIdException", f"This is no current revision of the policy {name}.")


def tag_resource(state: CustomLabels, given: Given) -> Answer:
    """Add tags to a project, a version or a dataset, or change their values."""
    with state.lock:
        tags = _tags(state, given["ResourceArn"])
        if len({**tags, **given["Tags"]}) > _MAX_TAGS:
            raise CustomLabelsError("ServiceQuotaExceededException", f"A resource has at most {_MAX_TAGS} tags.")
        tags.update(given["Tags"])
        return {}


def untag_resource(state: CustomLabels, given: Given) -> Answer:
    """Remove the tags with these keys."""
    with state.lock:
        tags = _tags(state, given["ResourceArn"])
        for key in given["TagKeys"]:
            tags.pop(key, None)
        return {}


def list_tags_for_resource(state: CustomLabels, given: Given) -> Answer:
    """The tags of a project, a version or a dataset."""
    with state.lock:
        return {"Tags": {**_tags(state, given["ResourceArn"])}}


def _tags(state: CustomLabels, arn: str) -> dict[str, str]:
    for project in state.projects():
        tagged: list[Project | Version | Dataset] = [project, *project.versions, *project.datasets]
        for one in tagged:
            if one.arn == arn:
                return one.tags
    raise CustomLabelsError("ResourceNotFoundException", f"The resource {arn} was not found.")


OPERATIONS = {
    "CreateProject": create_project,
    "DeleteProject": delete_project,
    "DeleteProjectPolicy": delete_project_policy,
    "DescribeProjects": describe_projects,
    "ListProjectPolicies": list_project_policies,
    "ListTagsForResource": list_tags_for_resource,
    "PutProjectPolicy": put_project_policy,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
