"""Memory that messages lay in is used again instead of being given back to the system each time."""

import subprocess
import sys

PROGRAM = """
import resource
from services.runtime.memory import keep_freed_memory

keep_freed_memory()

def messages() -> None:
    [b"x" * (1 << 20) for _ in range(8)]

messages()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    messages()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES_OF_ONE_ROUND = 8 * (1 << 20) // 4096


def test_what_one_message_lay_in_serves_the_next() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603
    assert int(ended.stdout) < PAGES_OF_ONE_ROUND
