"""The stub of the C++ core and the module itself say the same: every name, method, property and argument."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator

from services.engine import _core
from tests.tidy.source import ROOT

STUB = ast.parse((ROOT / "services" / "engine" / "_core.pyi").read_text())


def stub_arguments(function: ast.FunctionDef) -> list[str]:
    """Give the names of all arguments, with a star where those begin that go by name only."""
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    return names + (["*", *(each.arg for each in arguments.kwonlyargs)] if arguments.kwonlyargs else [])


def module_arguments(function: object) -> list[str]:
    """Give the same of a function of the module, from the signature that pybind11 writes."""
    line = (inspect.getdoc(function) or "").splitlines()[0]
    inside = line[line.index("(") + 1 : line.rindex(" -> ") - 1]
    while (flat := re.sub(r"\[[^\[\]]*\]|'[^']*'|\"[^\"]*\"", "", inside)) != inside:
        inside = flat
    return [part.partition(":")[0].partition("=")[0].strip() for part in inside.split(",") if part.strip()]


def stub_members(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def classes() -> Iterator[tuple[ast.ClassDef, type]]:
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            yield node, getattr(_core, node.name)


def test_the_module_has_the_names_of_the_stub() -> None:
    assert public(vars(_core)) == set(stub_members(STUB.body))


def test_every_class_has_the_members_of_the_stub() -> None:
    for node, owner in classes():
        if issubclass(owner, Exception):
            assert [base.id for base in node.bases if isinstance(base, ast.Name)] == [owner.__bases__[0].__name__]
        else:
            assert public(vars(owner)) == public(stub_members(node.body)), node.name


def test_every_property_is_one() -> None:
    for node, owner in classes():
        for name, member in stub_members(node.body).items():
            assert isinstance(member, ast.FunctionDef)
            says = any(isinstance(each, ast.Name) and each.id == "property" for each in member.decorator_list)
            assert says == isinstance(vars(owner).get(name), property), f"{node.name}.{name}"


def test_every_method_takes_the_arguments_of_the_stub() -> None:
    for node, owner in classes():
        for name, member in stub_members(node.body).items():
            if isinstance(member, ast.FunctionDef) and not member.decorator_list:
                assert module_arguments(getattr(owner, name)) == stub_arguments(member), f"{node.name}.{name}"


def test_every_function_takes_the_arguments_of_the_stub() -> None:
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            assert module_arguments(getattr(_core, node.name)) == stub_arguments(node), node.name
