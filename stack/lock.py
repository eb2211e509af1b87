"""Holds a data folder, so that two launchers never use one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.failure import StackError

NAME = "lock"


def is_held_or_was(data: Path) -> bool:
    """Tell whether a stack runs, or has run, on the folder."""
    return (data / NAME).exists()


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs; refuses if another launcher has it.

    The kernel drops the lock with the process, so a killed launcher leaves none behind.
    """
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        _refuse_other_things(data)
        descriptor = os.open(data / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StackError(
            f"The data folder {data} cannot be used ({error.strerror}); choose another with EXCHANGE_DATA."
        ) from error
    try:
        _take(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _refuse_other_things(data: Path) -> None:
    """Keep a folder of others from becoming data, which a reset deletes: a stack's first file is its lock."""
    if not is_held_or_was(data) and any(data.iterdir()):
        raise StackError(f"{data} holds other things than a stack's data; choose another folder with EXCHANGE_DATA.")


def _take(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        raise StackError(f"The stack in {data} is running (launcher process {holder}); stop it first.") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
