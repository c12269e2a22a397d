"""Distributed Map: what moto does not do of it. The definition runs as it is.

Of AWS's Map it has: all pages of objects, a JSONata ResultWriter (NONE, COMPACT, FLATTEN; JSON, JSONL), tolerated
failures that end the run, result files of what has ended, failed, and was not begun. Not: ItemBatcher, Maps inside of
other states, children as executions of their own, redrive.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map import state_map
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import ItemReader
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import distributed_iteration_component
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from emulator.seams import clients
from emulator.seams.patching import patch
from emulator.seams.stepfunctions import failure

_FOLLOWED_BY_MOTO = {"Resource", "Parameters"}


@dataclass(frozen=True)
class Child:
    """A child execution that has ended."""

    index: int
    input: Any
    output: Any
    error: str | None
    cause: str | None
    started: datetime
    stopped: datetime

    def described(self, run: Run) -> dict[str, Any]:
        """As Step Functions describes it in result files."""
        arn = run.arn.replace(":mapRun:", ":express:").rpartition(":")[0]
        entry = {
            "ExecutionArn": f"{arn}:{self.index}",
            "Input": to_json_str(self.input),
            "InputDetails": {"Included": True},
            "Name": str(self.index),
            "StartDate": self.started.isoformat(),
            "Status": "FAILED" if self.error else "SUCCEEDED",
            "StopDate": self.stopped.isoformat(),
        }
        if self.error:
            return {**entry, "Error": self.error, "Cause": self.cause or ""}
        return {**entry, "Output": to_json_str(self.output), "OutputDetails": {"Included": True}}


@dataclass
class Run:
    """A Map Run under way."""

    arn: str
    items: list[Any]
    tolerated_count: int | None
    tolerated_percentage: float
    children: list[Child] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, child: Child) -> None:
        """Take a child that has ended into the account."""
        with self.lock:
            self.children.append(child)

    @property
    def failed(self) -> int:
        """How many children have failed."""
        with self.lock:
            return sum(child.error is not None for child in self.children)

    @property
    def is_over(self) -> bool:
        """Whether more have failed than is tolerated."""
        failed = self.failed
        too_many = self.tolerated_count is not None and failed > self.tolerated_count
        return failed > 0 and (too_many or failed * 100 > self.tolerated_percentage * len(self.items))

    def files(self, config: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
        """Kind, name and text of the result files, as the WriterConfig asks for."""
        with self.lock:
            children = sorted(self.children, key=lambda child: child.index)
        succeeded = [child for child in children if not child.error]
        begun = {child.index for child in children}
        records = {
            "SUCCEEDED": list(self._transformed(succeeded, config.get("Transformation", "NONE"))),
            # A child that failed is told of as with NONE, whatever the transformation.
            "FAILED": [child.described(self) for child in children if child.error],
            "PENDING": [
                {"Input": to_json_str(item), "Status": "PENDING"}
                for index, item in enumerate(self.items)
                if index not in begun
            ],
        }
        lines = config.get("OutputType", "JSON") == "JSONL"
        for kind, found in records.items():
            if found:
                text = "\n".join(map(to_json_str, found)) if lines else to_json_str(found)
                yield kind, f"{kind}_0.{'jsonl' if lines else 'json'}", text

    def _transformed(self, succeeded: list[Child], transformation: str) -> Iterator[Any]:
        for child in succeeded:
            if transformation == "NONE":
                yield child.described(self)
            elif transformation == "FLATTEN" and isinstance(child.output, list):
                yield from child.output
            else:
                yield child.output


class ResultWriter:
    """Writes the results of a run into S3 (Step Functions Developer Guide, "ResultWriter").

    Parameters
    ----------
    arguments
        A component of moto's that puts the evaluated Arguments onto the stack.
    config
        The WriterConfig.

    """

    def __init__(self, arguments: Any, config: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._config = config

    def eval(self, env: Any) -> None:
        """Write, and put in place of the results where they are."""
        env.stack.pop()
        env.stack.append(self.write(env))

    def evaluated(self, env: Any) -> dict[str, Any]:
        """Its Arguments: where it is to write."""
        self._arguments.eval(env)
        arguments: dict[str, Any] = env.stack.pop()
        return arguments

    def write(self, env: Any) -> dict[str, Any]:
        """Write what there is; where it is."""
        arguments = self.evaluated(env)
        bucket, prefix = arguments["Bucket"], arguments.get("Prefix", "").rstrip("/")
        run: Run = env.map_run_record_pool_manager.get_all()[-1].run
        folder = "/".join(part for part in (prefix, run.arn.rpartition(":")[2]) if part)
        s3 = clients.client("s3", env.aws_execution_details.region)
        written: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for kind, name, text in run.files(self._config):
            body = text.encode()
            s3.put_object(Bucket=bucket, Key=f"{folder}/{name}", Body=body)
            written[kind].append({"Key": f"{folder}/{name}", "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": written}
        key = f"{folder}/manifest.json"
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
        return {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _parse_with_writers(parse: Any) -> Any:
    """A parser that takes out what moto's can't read, and gives it to the parsed states."""

    def parse_translated(definition: str) -> Any:
        try:
            read = json.loads(definition)
            maps = {name: state for name, state in read["States"].items() if state["Type"] == "Map"}
        except (ValueError, KeyError, TypeError, AttributeError):
            return parse(definition)  # moto says what is wrong
        writers: dict[str, Any] = {}
        for name, state in maps.items():
            config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
            if config.get("ExecutionType") == "EXPRESS":
                config["ExecutionType"] = "STANDARD"  # all the same here
            if state.get("ResultWriter", {}).keys() - _FOLLOWED_BY_MOTO:
                writers[name] = state.pop("ResultWriter")
            if isinstance(state.get("ToleratedFailurePercentage"), int):
                state["ToleratedFailurePercentage"] = float(state["ToleratedFailurePercentage"])
        # Without Maps as it stands: messages name its lines.
        program, tree = parse(json.dumps(read, indent=2) if maps else definition)
        for name, writer in writers.items():
            arguments = writer.get("Arguments", {})
            program.states.states[name].result_writer = ResultWriter(
                _template(parse, arguments), writer.get("WriterConfig", {})
            )
        return program, tree

    return staticmethod(parse_translated)


def _template(parse: Any, arguments: Any) -> Any:
    """What evaluates JSON with JSONata in it: moto's own, of a state that has it as its Output."""
    states = {"Arguments": {"Type": "Pass", "Output": arguments, "End": True}}
    program, _ = parse(json.dumps({"QueryLanguage": "JSONata", "StartAt": "Arguments", "States": states}))
    return program.states.states["Arguments"].output.jsonata_template_value


def _list_objects(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:  # noqa: ARG001 - moto's
    """All pages, and each object as Step Functions hands it on."""
    s3 = clients.client("s3", resource_runtime_part.region)
    pages = s3.get_paginator("list_objects_v2").paginate(**env.stack.pop())
    env.stack.append(
        [
            {
                "Etag": one["ETag"],
                "Key": one["Key"],
                "LastModified": one["LastModified"].timestamp(),
                "Size": one["Size"],
                "StorageClass": one.get("StorageClass", "STANDARD"),
            }
            for page in pages
            for one in page.get("Contents", ())
        ]
    )


def _failed(env: Any, typ: StatesErrorNameType, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=typ)
    details = {"error": name.error_name, "cause": cause}
    return failure(env, name, HistoryEventType.MapRunFailed, {"mapRunFailedEventDetails": details})


def install() -> None:
    """Put the patches in place."""
    # moto's parser knows no JSONata and no WriterConfig in a ResultWriter.
    patch(AmazonStateLanguageParser, "parse", _parse_with_writers(AmazonStateLanguageParser.parse))

    # moto lists one page, and fails where there is none; and calls `localhost` at its own default port.
    patch(resource_eval_s3.ResourceEvalS3, "_handle_list_objects_v2", staticmethod(_list_objects))
    patch(state_task_service_aws_sdk, "boto_client_for", lambda region, service, **_: clients.client(service, region))
    # Errors of an SDK integration are named by the service's class in AWS's Java SDK.
    names = {**state_task_service_aws_sdk._SERVICE_ERROR_NAMES, "rekognition": "Rekognition"}
    patch(state_task_service_aws_sdk, "_SERVICE_ERROR_NAMES", names)

    _install_reading()
    _install_tolerance()
    _install_writing()


def _install_reading() -> None:
    # A list that can't be read has an error name of its own.
    read_items = ItemReader._eval_body

    def read_or_fail(self: Any, env: Any) -> None:
        try:
            read_items(self, env)
        except FailureEventException:
            raise
        except Exception as error:  # whatever the client answers
            raise _failed(env, StatesErrorNameType.StatesItemReaderFailed, str(error)) from error

    patch(ItemReader, "_eval_body", read_or_fail)


def _install_tolerance() -> None:
    # moto forgets which children failed and why, and tolerates all of them.
    component = distributed_iteration_component.DistributedIterationComponent
    go_through = component._map_run

    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        record = eval_input.map_run_record
        # moto's default for "no count" is 0, AWS's is no limit where there is a percentage.
        count = eval_input.tolerated_failure_count or None
        record.run = Run(record.map_run_arn, env.stack[-1], count, eval_input.tolerated_failure_percentage)
        if not record.run.items:
            env.stack[-1] = []  # moto would wait for ever for the end of nothing
            return
        go_through(self, env, eval_input)

    patch(component, "_map_run", map_run)

    worker = distributed_item_processor_worker.DistributedItemProcessorWorker
    work, select = worker._eval_job, worker._eval_input

    def select_and_keep(self: Any, env_frame: Any) -> None:
        select(self, env_frame)
        env_frame.child_input = env_frame.states.get_input()

    def work_and_count(self: Any, env: Any, job: Any) -> None:
        started = datetime.now(UTC)
        work(self, env, job)
        state = env.program_state()
        failed: Any = state.error or {} if isinstance(state, ProgramError) else {}
        error = failed.get("error", "States.Runtime") if isinstance(state, ProgramError) else None
        given = getattr(env, "child_input", job.job_input)
        run: Run = self._map_run_record.run
        run.end(Child(job.job_index, given, job.job_output, error, failed.get("cause"), started, datetime.now(UTC)))
        if run.is_over:
            # An exception for an output ends the pool of jobs, and then the Map.
            cause = f"The specified tolerated failure threshold was exceeded: {run.failed} of {len(run.items)} failed."
            job.job_output = _failed(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, cause)

    patch(worker, "_eval_input", select_and_keep)
    patch(worker, "_eval_job", work_and_count)


def _install_writing() -> None:
    # A Map that fails writes what it has, too.
    run_map = state_map.StateMap._eval_execution

    def run_map_and_write(self: Any, env: Any) -> None:
        runs = len(env.map_run_record_pool_manager.get_all())
        try:
            run_map(self, env)
        except FailureEventException:
            began = env.map_run_record_pool_manager.get_all()[runs:]
            if isinstance(self.result_writer, ResultWriter) and began and hasattr(began[-1], "run"):
                self.result_writer.write(env)
            raise

    patch(state_map.StateMap, "_eval_execution", run_map_and_write)
