"""Migration files: numbered without gaps, shared parts taken in, checksums over all of it; and the dump's noise."""

from pathlib import Path

import pytest

from services.runtime.migrate import SERVICES, MigrationError, read
from services.runtime.schema import normalised


def test_files_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "0002_b.sql").write_text("B;")
    (tmp_path / "0001_a.sql").write_text("A;")
    assert [(each.version, each.name, each.sql) for each in read(tmp_path)] == [
        (1, "0001_a", "A;"),
        (2, "0002_b", "B;"),
    ]


def test_shared_parts_are_taken_in_and_belong_to_the_checksum(tmp_path: Path) -> None:
    (tmp_path / "shared.txt").write_text("CREATE TABLE t ();")
    (tmp_path / "0001_a.sql").write_text("\\ir shared.txt\nSELECT 1;\n")
    before = read(tmp_path)[0]
    assert before.sql == "CREATE TABLE t ();\nSELECT 1;\n"
    (tmp_path / "shared.txt").write_text("CREATE TABLE u ();")
    assert read(tmp_path)[0].checksum != before.checksum


@pytest.mark.parametrize(
    "names", [["0002_a.sql"], ["0001_a.sql", "0003_b.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"]]
)
def test_gaps_and_strange_names_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(MigrationError):
        read(tmp_path)


def test_the_shared_tables_are_where_migrations_look_for_them() -> None:
    assert {path.name for path in (SERVICES / "runtime" / "sql").iterdir()} == {"outbox.sql", "consumer_position.sql"}


def test_a_dump_keeps_only_the_schema() -> None:
    dumped = """--
-- PostgreSQL database dump
--

\\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.t (
    a integer
);


ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pk PRIMARY KEY (a);
\\unrestrict abc
"""
    assert normalised(dumped) == (
        "CREATE TABLE public.t (\n    a integer\n);\n\n"
        "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pk PRIMARY KEY (a);\n"
    )
