"""The functions' bundle, as it is uploaded, and how each function of the template is called."""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import ROOT
from benchmarks.starts import ARN
from emulator.deploy import synthesise

SETTINGS: Mapping[str, Any] = {
    "models": [{"name": "first", "project_version_arn": ARN}],
    "notification_emails": ["ml-operators@example.com"],
    "workloads": ["Inspection"],
}
RUNTIME = ROOT / "build" / "runtime"


@dataclass(frozen=True)
class Bundle:
    """A synthesised app's code, and the environments of its functions by the name of their handler."""

    assembly: Path
    folder: Path
    environments: Mapping[str, Mapping[str, str]]

    def environment(self, handler: str) -> dict[str, str]:
        """Of a process that stands for one of Lambda's: it can't write byte code beside the bundle's sources."""
        return {
            **self.environments[handler],
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LAMBDA_TASK_ROOT": str(self.folder),
            "PYTHONPATH": f"{self.folder}:{RUNTIME}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.environ["PATH"],
        }

    def zipped_bytes(self) -> int:
        """Its size as an upload, compressed as usual."""
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(self.folder.rglob("*")):
                archive.write(file, file.relative_to(self.folder))
        return len(zipped.getvalue())


@contextmanager
def synthesised(settings: Mapping[str, Any] = SETTINGS) -> Iterator[Bundle]:
    """The app with these settings."""
    with TemporaryDirectory() as assembly:
        yield read(synthesise({"custom-labels-lifecycle": settings}, Path(assembly)))


def read(assembly: Path) -> Bundle:
    """What a cloud assembly has."""
    (folder,) = (path for path in assembly.glob("asset.*") if (path / "handlers").is_dir())
    (template,) = assembly.glob("*.template.json")
    environments = {}
    for resource in json.loads(template.read_text("utf-8"))["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            handler = resource["Properties"]["Handler"].split(".")[1]
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            # What is known when it is deployed only is some name.
            environments[handler] = {
                name: value if isinstance(value, str) else "deployed" for name, value in variables.items()
            }
    return Bundle(assembly, folder, environments)
