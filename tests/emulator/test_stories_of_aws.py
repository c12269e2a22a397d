"""The stories of tests/aws, told as they are against the emulator: what people run in an account is right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import images
from emulator.server import Emulator
from tests.deployed.app import SCHEDULED
from tests.deployed.batches import BUCKET, FOLDER, RESULTS
from tests.deployed.tables import let_starts_be_known

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.large, pytest.mark.waits]


def test_each_story_of_a_real_account_is_true_of_the_emulator(emulator: Emulator) -> None:
    emulator.custom_labels.seed(SCHEDULED)
    emulator.custom_labels.put(SCHEDULED, "STOPPED")
    let_starts_be_known(emulator, SCHEDULED)
    for bucket in (BUCKET, RESULTS):
        images.ensure_bucket(emulator.client("s3"), bucket)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "CUSTOM_LABELS_MODEL_ARN": SCHEDULED,
        "CUSTOM_LABELS_IMAGES": f"s3://{BUCKET}/{FOLDER}",
        "CUSTOM_LABELS_SCHEDULE": "new-year",
    }
    command = [sys.executable, "-m", "pytest", "tests/aws", "-n", "0", "-p", "no:cacheprovider", "--tb=short"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert "skipped" not in ended.stdout
