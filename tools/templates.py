"""A synthesised template, made readable: references as ``${Name.Attribute}``, logical ids without CDK's hashes."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STACK = "CustomLabelsLifecycle"
_HASH = re.compile(r"[0-9A-F]{8}([0-9a-f]{32})?$")  # a version's id has a second one, of its function's code

Grants = Mapping[str, Mapping[str, frozenset[str]]]


class Template:
    """The template of an assembly.

    Parameters
    ----------
    assembly : Path
        The folder that ``app.py`` has written.
    place : str
        The end of the stack's id, where there are several: its account and Region, with a dash between.
    """

    def __init__(self, assembly: Path, place: str = "*") -> None:
        self.assembly = assembly
        (self.file,) = assembly.glob(f"{STACK}-{place}.template.json")
        self.stack_id = self.file.name.removesuffix(".template.json")
        self.text = self.file.read_text("utf-8")
        raw = json.loads(self.text)
        self.logical_ids: Mapping[str, str] = {_name(logical_id): logical_id for logical_id in raw["Resources"]}
        assert len(self.logical_ids) == len(raw["Resources"])  # noqa: S101 - else a name would hide another's resource
        self.resources: Mapping[str, dict[str, Any]] = {
            _name(logical_id): _readable(resource) for logical_id, resource in raw["Resources"].items()
        }
        self.outputs: Mapping[str, str] = {
            name: _readable(output["Value"]) for name, output in raw.get("Outputs", {}).items()
        }

    def of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by name."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == resource_type
        }

    def depends_on(self, name: str) -> frozenset[str]:
        """The names of the resources that a resource waits for without referring to them."""
        return frozenset(map(_name, self.resources[name].get("DependsOn", ())))

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The functions' properties by their handler's module, such as ``start``."""
        return {
            properties["Handler"].split(".")[1]: properties
            for properties in self.of_type("AWS::Lambda::Function").values()
        }

    @property
    def policies(self) -> dict[str, dict[str, Any]]:
        """What grants something to roles: inline and managed policies."""
        return self.of_type("AWS::IAM::Policy") | self.of_type("AWS::IAM::ManagedPolicy")

    def managed(self, policy: str) -> Mapping[str, frozenset[str]]:
        """The actions on each resource that a managed policy grants whoever it is attached to, by its name here."""
        granted: dict[str, frozenset[str]] = defaultdict(frozenset)
        for statement in self.of_type("AWS::IAM::ManagedPolicy")[policy]["PolicyDocument"]["Statement"]:
            if statement.keys() != {"Effect", "Action", "Resource"} or statement["Effect"] != "Allow":
                raise ValueError(f"no plain grant: {statement}")
            for resource in _listed(statement["Resource"]):
                granted[resource] |= frozenset(_listed(statement["Action"]))
        return granted

    @property
    def grants(self) -> Grants:
        """For each role, the actions it may do on each resource; ValueError where a statement is no plain grant.

        A condition stands behind its resource: ``arn:... if {"StringLike": ...}``.
        """
        grants: dict[str, dict[str, frozenset[str]]] = defaultdict(lambda: defaultdict(frozenset))
        for properties in self.policies.values():
            for statement in properties["PolicyDocument"]["Statement"]:
                if (
                    statement.keys() - {"Condition"} != {"Effect", "Action", "Resource"}
                    or statement["Effect"] != "Allow"
                ):
                    raise ValueError(f"no plain grant: {statement}")
                condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
                for role in properties.get("Roles", ()):
                    for resource in _listed(statement["Resource"]):
                        grants[referenced(role)][f"{resource}{condition}"] |= frozenset(_listed(statement["Action"]))
        return grants

    def invoked(self, version: str) -> str:
        """The handler's module of the function version that a reference is to; KeyError where it is to no version."""
        return self.handler(referenced(self.of_type("AWS::Lambda::Version")[referenced(version)]["FunctionName"]))

    def handler(self, function: str) -> str:
        """The handler's module of a function, by its name in the template."""
        return str(self.of_type("AWS::Lambda::Function")[function]["Handler"]).split(".")[1]

    def machine(self, definition: str) -> dict[str, Any]:
        """The properties of the state machine that has this definition."""
        machines = self.of_type("AWS::StepFunctions::StateMachine").values()
        (properties,) = (machine for machine in machines if machine["DefinitionString"] == definition)
        return properties


def referenced(reference: str) -> str:
    """The resource that a reference such as ``${Name.Arn}`` is to."""
    return reference.removeprefix("${").removesuffix("}").split(".")[0]


def _name(logical_id: str) -> str:
    return _HASH.sub("", logical_id)


def _readable(value: Any) -> Any:
    match value:
        case {"Ref": str(name)}:
            return f"${{{_name(name)}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{_name(name)}.{attribute}}}"
        case {"Fn::Select": [int(index), {"Fn::Split": [str(separator), reference]}]}:
            return f"{_readable(reference).removesuffix('}')}{separator}{index}}}"
        case {"Fn::Join": [str(separator), [*parts]]}:
            return separator.join(map(_readable, parts))
        case dict():
            return {key: _readable(inner) for key, inner in value.items()}
        case list():
            return [_readable(inner) for inner in value]
        case _:
            return value


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
