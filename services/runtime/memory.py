"""What the C allocator does with memory that is freed."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 64 << 20
_LARGEST_KEPT_BYTES = 32 << 20
"""The most that glibc allows."""


def keep_freed_memory() -> None:
    """Keep up to 64 MiB that was freed for what comes next.

    By default glibc gives back what a message of some 100 KB lay in as soon as it is gone, and the system clears the
    same pages again for the next one: a tenth of the engine's time under load. Does nothing on other C libraries.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
