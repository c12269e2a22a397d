"""JSONata: the evaluator that moto does not bring along, and Step Functions' own functions and errors."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from jsonata import JException, Jsonata
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsics
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata, validations
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from emulator.seams.patching import patch
from emulator.seams.stepfunctions import failure


def _declare_variables(bindings: dict[str, Any]) -> str:
    # moto puts a string between quotes as it is; one with a quote or a newline in it breaks every later expression.
    # ensure_ascii: JSONata would read an escaped pair of surrogates as two characters.
    encoded = {name: json.dumps(json.loads(to_json_str(value)), ensure_ascii=False) for name, value in bindings.items()}
    return "".join(f"{name}:={value};" for name, value in encoded.items())


def _hash(value: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), value.encode()).hexdigest()


def _evaluate_jsonata(expression: str) -> Any:
    """Evaluate with jsonata-python, and with the functions that Step Functions adds to the language.

    Raises
    ------
    ValueError
        The expression gives nothing, which is an error of the state, as null is not.
    """
    value = _program(expression).evaluate(None)
    if value is None and _program(f"$type({expression})").evaluate(None) is None:
        raise ValueError("it returned nothing (undefined)")
    return value


def _program(expression: str) -> Jsonata:
    program = Jsonata(expression)
    program.register_lambda("parse", json.loads)
    program.register_lambda("uuid", lambda: str(uuid.uuid4()))
    program.register_lambda("hash", _hash)
    return program


def install() -> None:
    """Put the patches in place."""
    # moto evaluates JSONata on a JVM it does not bring along.
    patch(jsonata, "_eval_jsonata", _evaluate_jsonata)
    # moto's own declarations of these are `$eval` (which runs JSON as a program) and "not supported".
    for function in ("$parse", "$uuid", "$hash"):
        intrinsics._DECLARATION_BY_VARIABLE_REFERENCE.pop(function)
    for module in (jsonata, states, variable_store):
        patch(module, "encode_jsonata_variable_declarations", _declare_variables)

    # An expression that fails is States.QueryEvaluationError, which can be caught; moto ends in States.Runtime.
    evaluate = string_expression.StringJSONata._eval_body

    def evaluate_or_fail(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except (JException, ValueError) as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            cause = f"The JSONata expression '{self.expression}' failed: {error}"
            details = {"evaluationFailedEventDetails": {"error": name.error_name, "cause": cause}}
            raise failure(env, name, HistoryEventType.EvaluationFailed, details) from error

    patch(string_expression.StringJSONata, "_eval_body", evaluate_or_fail)
    patch(validations, "eval_jsonata_expression", jsonata.eval_jsonata_expression)
