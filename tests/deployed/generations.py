"""The next generation of the deployed app: other code, another definition, made of the assembly without a synthesis."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from tools.templates import STACK

MARK = "Checked by the next generation."
"""The warning that its Check adds to every result."""
END, NEXT_END = "Model is RUNNING", "Model is RUNNING, for the next generation"
"""The last state of StartModel, before and after."""

_OTHER_CODE = f"""

this_generation = handler


def handler(event, context):
    answer = this_generation(event, context)
    if answer.get("Result"):
        answer["Result"]["Warnings"].append({MARK!r})
    return answer
"""
_VERSION = re.compile(r"(CurrentVersion[0-9A-F]{8})([0-9a-f]{32})")


def next_generation(assembly: Path, outdir: Path) -> Path:
    """What a synthesis of changed sources would give."""
    shutil.copytree(assembly, outdir)
    (template_file,), (assets_file,) = outdir.glob(f"{STACK}-*.template.json"), outdir.glob(f"{STACK}-*.assets.json")
    template = template_file.read_text("utf-8")
    (old,) = set(re.findall(r'"S3Key": ?"([0-9a-f]{64})\.zip"', template))
    new = hashlib.sha256(old.encode()).hexdigest()
    bundle = outdir / f"asset.{new}"
    (outdir / f"asset.{old}").rename(bundle)
    check = bundle / "handlers" / "check.py"
    check.write_text(check.read_text("utf-8") + _OTHER_CODE)
    # As CDK does: a version's id has a hash of the code in it.
    template = _VERSION.sub(lambda version: version[1] + hashlib.md5(version[2].encode()).hexdigest(), template)  # noqa: S324 - an id, no secret
    changed = json.loads(template.replace(old, new))
    for resource in changed["Resources"].values():
        definition = resource.get("Properties", {}).get("DefinitionString", "")
        if f'"{END}"' in definition:
            resource["Properties"]["DefinitionString"] = definition.replace(f'"{END}"', f'"{NEXT_END}"')
    template_file.write_text(json.dumps(changed), "utf-8")
    assets_file.write_text(assets_file.read_text("utf-8").replace(old, new), "utf-8")
    return outdir


def broken(assembly: Path, outdir: Path) -> Path:
    """The same with a resource that can't be made, after the functions and before all that calls them."""
    shutil.copytree(assembly, outdir)
    (template_file,) = outdir.glob(f"{STACK}-*.template.json")
    template: dict[str, Any] = json.loads(template_file.read_text("utf-8"))
    twice = {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"{STACK}-events"}}
    template["Resources"]["Twice"] = twice
    template_file.write_text(json.dumps(template), "utf-8")
    return outdir
