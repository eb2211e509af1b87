"""What the landing page does with decimals: exactly what was sent, grouped for the eye."""

import json
import subprocess

import pytest

from stack.site import ROOT

NODE = ROOT / ".venv" / "bin" / "node"
DECIMALS = ROOT / "mesh" / "landing" / "decimal.js"


def evaluated(expression: str) -> object:
    script = f'import * as d from "{DECIMALS}"; console.log(JSON.stringify({expression}));'
    command = [NODE, "--no-warnings", "--input-type=module", "--eval", script]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)  # noqa: S603 - ours


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("60021.00", "60,021.00"),
        ("999", "999"),
        ("0.0001", "0.0001"),
        ("-3763.25", "−3,763.25"),  # noqa: RUF001 - a minus is a minus on the page
        ("999999999999999999.999999999", "999,999,999,999,999,999.999999999"),
    ],
)
def test_a_decimal_is_grouped_and_keeps_every_digit(text: str, shown: str) -> None:
    assert evaluated(f'd.grouped("{text}")') == shown


def test_units_go_back_to_text_at_their_scale() -> None:
    assert evaluated('[d.textOf(5n, 3), d.textOf(-5n, 2), d.textOf(0n, 0), String(d.unitsOf("1.50"))]') == [
        "0.005",
        "−0.05",  # noqa: RUF001 - as above
        "0",
        "150",
    ]


def test_every_script_of_the_page_is_a_file_beside_it() -> None:
    folder = DECIMALS.parent
    named = {part.split('"')[0] for page in folder.iterdir() for part in page.read_text().split('from "./')[1:]}
    assert named == {path.name for path in folder.glob("*.js")} - {"book.js"}
