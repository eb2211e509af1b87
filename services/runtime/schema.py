"""The schema of a database as text that only changes when the schema does: committed, and compared by a test."""

import re
import subprocess

_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)?$")


def dump(dsn: str) -> str:
    """Return the schema that `pg_dump` sees, without comments, settings and owners; raises OSError if it fails."""
    command = ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", f"--dbname={dsn}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, fixed words
    if done.returncode:
        raise OSError(f"pg_dump failed: {done.stderr.strip()}")
    return normalised(done.stdout)


def normalised(text: str) -> str:
    """Drop what differs between servers, and put one empty line between statements."""
    lines = [line.rstrip() for line in text.splitlines() if not _NOISE.fullmatch(line.rstrip())]
    return re.sub(r";\n(?=\S)", ";\n\n", "\n".join(lines)) + "\n"
