"""The table of the engine's rules names tests that exist, and marks as refused what is proven to be."""

import re

from tests.tidy.source import ROOT

TABLE = (ROOT / "docs" / "reference" / "engine_rules.md").read_text()
TESTS = ROOT / "engine_cpp" / "tests" / "core"
SECTIONS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 17}


def rows() -> list[tuple[int, str]]:
    """Give section and last cell of every row."""
    return [(int(section), cell) for section, cell in re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", TABLE, re.MULTILINE)]


def existing_tests() -> set[str]:
    found = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", re.MULTILINE)
    return {
        f"{file.name}::{suite}.{name}"
        for file in TESTS.glob("*_test.cpp")
        for suite, name in found.findall(file.read_text())
    }


def test_every_section_of_the_engine_has_rules() -> None:
    assert {section for section, _ in rows()} == SECTIONS


def test_every_rule_names_a_test_that_exists_or_is_marked() -> None:
    named = {test for _, cell in rows() for test in re.findall(r"`([^`]+)`", cell)}
    assert named - existing_tests() == set()
    assert [cell for _, cell in rows() if "`" not in cell and "NOT_SUPPORTED" not in cell] == []


def test_what_is_marked_as_refused_is_proven_to_be() -> None:
    marked = [mark for _, cell in rows() for mark in re.findall(r"NOT_SUPPORTED: (\w+)", cell)]
    proven = re.findall(r"refused\(\s*\"([A-Z_]+)\"", (TESTS / "not_supported_test.cpp").read_text())
    assert sorted(marked) == sorted(proven)
