"""Outputs for people: commands to paste into a terminal, and links into the console."""

import json

import aws_cdk as cdk
from constructs import Construct

from infra.parts.machines import machine_arn
from lifecycle.notifications import links

BY_HAND = "by-hand"
"""The lease of what is started with these commands, so that the second one releases what the first has taken."""

_SAID = {"StartModel": "Start the first configured model", "StopModel": "Release that lease again"}


def commands_and_links(scope: Construct, model: str) -> dict[str, tuple[str, str]]:
    """By output's name, its value and what it is for.

    Parameters
    ----------
    model : str
        The configured name that the commands are about.
    """
    region = cdk.Stack.of(scope).region
    given = json.dumps({"Model": model, "LeaseId": BY_HAND})
    outputs = {}
    for name, said in _SAID.items():
        arn = machine_arn(scope, name)
        command = f"aws stepfunctions start-execution --region {region} --state-machine-arn {arn} --input '{given}'"
        outputs[f"{name}Command"] = (command, f"{said}: a command for the terminal")
        outputs[f"{name}Console"] = (links.state_machine(arn), f'Start execution here, with {{"Model": "{model}"}}')
    return outputs
