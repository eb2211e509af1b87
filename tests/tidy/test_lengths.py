"""Functions are short, and so are files."""

import statistics

import pytest

from tests.tidy.source import ROOT, sources

CODE = ("services", "stack")
MEDIAN, NINE_OF_TEN, LONGEST = 8, 30, 70
USUAL_FILE, LONGEST_FILE = 300, 500
EXCEPTIONAL_SHARE = 0.03


@pytest.mark.parametrize("folder", CODE)
def test_functions_are_short(folder: str) -> None:
    lengths = sorted(length for source in sources(folder) for _, length in source.functions)
    assert statistics.median(lengths) <= MEDIAN
    assert lengths[len(lengths) * 9 // 10] <= NINE_OF_TEN


def test_no_function_is_long() -> None:
    too_long = [place for source in sources(*CODE, "tests") for place, length in source.functions if length > LONGEST]
    assert too_long == []


def test_files_are_short() -> None:
    lengths = {source.path: source.text.count("\n") for source in sources(*CODE, "tests")}
    assert [path for path, length in lengths.items() if length > LONGEST_FILE] == []
    assert sum(length > USUAL_FILE for length in lengths.values()) <= EXCEPTIONAL_SHARE * len(lengths)


def test_files_of_the_core_are_short() -> None:
    files = [path for kind in ("hpp", "cpp") for path in (ROOT / "engine_cpp").rglob(f"*.{kind}")]
    assert files
    assert [path.name for path in files if path.read_text().count("\n") > LONGEST_FILE] == []
