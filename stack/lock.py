"""Holds a data folder, so that two launchers never use one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.failure import StackError


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs; refuses if another launcher has it.

    The kernel drops the lock with the process, so a killed launcher leaves none behind.
    """
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        raise StackError(f"The stack in {data} is running (launcher process {holder}); stop it first.") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
