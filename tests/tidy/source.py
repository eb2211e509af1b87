"""The project's own Python files, parsed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def imports(self) -> Iterator[str]:
        """Every module that the file imports, by its full name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""

    @property
    def calls(self) -> Iterator[tuple[int, str]]:
        """Every call of something with a plain name, by its line and that name, as `asyncio.sleep`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node.lineno, _dotted(node.func)

    @property
    def functions(self) -> Iterator[tuple[str, int]]:
        """Every function, by its place and its length in lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{self.path}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Read every Python file below the folders."""
    return tuple(_read(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def _read(path: Path) -> Source:
    text = path.read_text()
    return Source(str(path.relative_to(ROOT)), text, ast.parse(text))
