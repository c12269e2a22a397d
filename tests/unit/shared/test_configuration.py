"""The configuration in the bundle: written by the deploy, read by the functions."""

import json
from pathlib import Path

from lifecycle import configuration
from lifecycle.configuration import Configuration, DetectBatch, Model, OnDestroy, Schedule, Unleased
from tests.unit.examples import ARN

EVERY_SETTING = Configuration(
    models={"welds": Model(project="welds", minimum_f1=0.8), "defects": Model(ARN, 2, 4, 45)},
    inference_unit_hour_usd=4.5,
    projects=("packaging", "*"),
    schedules={"night": Schedule("defects", "UTC", ready_by="0 1 * * ? *", exclude_dates=("2026-12-25",))},
    workloads=("Inspection",),
    detect_batch=DetectBatch(("s3://images/", "s3://samples"), "s3://results/"),
    runbook_url="https://wiki.example.com/operations",
    unleased_models=Unleased.STOP,
    restart_when_down=True,
    on_destroy=OnDestroy.LEAVE,
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    configuration.save(EVERY_SETTING, tmp_path)
    assert configuration.load(tmp_path) == EVERY_SETTING


def test_equal_settings_are_saved_alike_in_whatever_order_they_were_given(tmp_path: Path) -> None:
    turned = Configuration(models=dict(reversed([*EVERY_SETTING.models.items()])))
    texts = set()
    for one in (turned, Configuration(models=EVERY_SETTING.models)):
        configuration.save(one, tmp_path)
        texts.add((tmp_path / configuration.FILE).read_text("utf-8"))
    assert len(texts) == 1


def test_a_setting_that_this_version_does_not_know_is_passed_over(tmp_path: Path) -> None:
    configuration.save(EVERY_SETTING, tmp_path)
    saved = json.loads((tmp_path / configuration.FILE).read_text("utf-8"))
    (tmp_path / configuration.FILE).write_text(json.dumps({**saved, "AddedLater": {"By": "a newer one"}}), "utf-8")
    assert configuration.load(tmp_path) == EVERY_SETTING


def test_a_workload_is_a_state_machine_of_where_the_app_is() -> None:
    here = "arn:aws-cn:states:cn-north-1:111122223333:execution:CustomLabelsLifecycle-RunWithModel:monday"
    assert EVERY_SETTING.workload_arns(here) == ("arn:aws-cn:states:cn-north-1:111122223333:stateMachine:Inspection",)
