"""Which mutants a module has: mutmut's mutations, those of tables and properties too.

mutmut's own runner puts all mutants of a function beside it, and so leaves out what is decorated and what stands
outside functions. Much of the core is tables; so each mutant is a source of its own here.
"""

import difflib
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, WhitespaceInclusivePositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

_ANY_VALUE = m.Assign(value=m.Call(func=m.Name("auto")))
"""A member of an enumeration that says itself that its value does not matter."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one thing changed.

    Parameters
    ----------
    name : str
        What is changed, where: the same as long as these lines are, wherever they move in their function.
    source : str
        The whole module.
    """

    name: str
    source: str


class _Everything(MutationVisitor):
    """Properties and other decorated functions too: no copy of the function is made here that they would stand over."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        return bool(super()._skip_node_and_children(node))


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module's source, in its order. A few are no programs."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    spans = wrapper.resolve(WhitespaceInclusivePositionProvider)
    visitor = _Everything(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    scopes = _scopes(wrapper.module)
    lines = source.splitlines(keepends=True)
    seen: Counter[str] = Counter()
    for mutation in visitor.mutations:
        if _one_of_three(mutation) or m.matches(mutation.original_node, _ANY_VALUE):
            continue
        span, code = spans[mutation.original_node], wrapper.module.code_for_node(mutation.mutated_node)
        first, last = span.start.line - 1, span.end.line
        before = lines[first:last]
        if isinstance(mutation.mutated_node, cst.BaseCompoundStatement):
            code = textwrap.indent(code, before[0][: len(before[0]) - len(before[0].lstrip())])
        after = before[0][: span.start.column] + code + before[-1][span.end.column :]
        name = f"{scopes[mutation.original_node]}: {_difference(before, after.splitlines(keepends=True))}"
        seen[name] += 1
        changed = "".join([*lines[:first], after, *lines[last:]])
        yield Mutant(f"{name} ({seen[name]})" if seen[name] > 1 else name, changed)


def _one_of_three(mutation: Mutation) -> bool:
    """A text is changed in three ways. One is enough: it shows whether anything looks at the text."""
    return isinstance(mutation.mutated_node, cst.SimpleString) and (
        isinstance(mutation.original_node, cst.SimpleString) and "XX" not in mutation.mutated_node.value
    )


def _scopes(module: cst.Module) -> dict[cst.CSTNode, str]:
    """Of each node, the function or class that it is in."""
    scopes: dict[cst.CSTNode, str] = {}

    def walk(node: cst.CSTNode, scope: str) -> None:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            scope = node.name.value if scope == "module" else f"{scope}.{node.name.value}"
        scopes[node] = scope
        for child in node.children:
            walk(child, scope)

    walk(module, "module")
    return scopes


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    """The changed lines, as they were and as they are; of a call over many lines only those that differ."""
    old, new = ([" ".join(line.split()) for line in lines] for lines in (before, after))
    parts = [
        (" ".join(old[i:j]), " ".join(new[k:m]).strip())
        for change, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if change != "equal"
    ]
    return "; ".join(f"{was} => {becomes or '(nothing)'}" for was, becomes in parts)
