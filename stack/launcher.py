"""Starts the parts in the order of their needs, watches them, and stops them in reverse.

Parts prepare and become ready side by side in worker threads; processes are spawned by the calling thread alone, which
must be the main one (see `child`).
"""

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from stack import lock
from stack.child import Child
from stack.failure import StackError
from stack.part import Part
from stack.ports import refuse_busy_ports
from stack.progress import Stopwatch, Tell, in_silence
from stack.site import Site

READY_TIMEOUT_S = 120.0
READY_POLL_S = 0.1
SLOW_STEP_S = 5.0


class Stack:
    """A set of running parts on one data folder; entering takes the folder, leaving stops all and releases it.

    `parts` are the ones to start on entering, with what they need; others can be started later with `start`.
    """

    def __init__(self, site: Site, known: Collection[Part], parts: Collection[str], tell: Tell = in_silence) -> None:
        self.site = site
        self._known = {part.name: part for part in known}
        self._wanted = tuple(parts)
        if unknown := [name for name in parts if name not in self._known]:
            raise StackError(f"There is no part {', '.join(unknown)}; the parts are {', '.join(self._known)}.")
        self._tell = tell
        self._children: dict[str, Child] = {}
        self._ready: list[str] = []
        self._giving_up = threading.Event()
        self._held = ExitStack()

    def __enter__(self) -> Self:
        self._held.enter_context(lock.held(self.site.data))
        try:
            self.start(*self._wanted)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, StackError):
            self._tell(f"{error} Everything else is being stopped.")
        self.close()

    def start(self, *names: str) -> None:
        """Start the named parts and all they need, and returns when they are ready; those that run are left alone.

        Raises StackError: busy port, missing program, dead child, or not ready in READY_TIMEOUT_S.
        """
        todo = [part for part in in_order(self._known, names) if part.name not in self._ready]
        for part in todo:
            if part.name in self._children:  # left over from a start that failed
                self.stop(part.name)
            refuse_busy_ports(part.name, part.ports())
        if todo:
            self._bring_up(todo)

    def kill(self, name: str) -> None:
        """End one child as a crash would; the others go on."""
        self._children.pop(name).kill()
        self._ready.remove(name)

    def stop(self, name: str) -> None:
        """Stop one child in good order; the others go on."""
        self._children.pop(name).stop()
        if name in self._ready:
            self._ready.remove(name)

    def restart(self, name: str) -> None:
        """Start a killed or stopped child again on its old state, or stop and start a running one."""
        if name in self._children:
            self.stop(name)
        self.start(name)

    def pid(self, name: str) -> int:
        """Give the process id of a running child."""
        return self._children[name].pid

    def check(self) -> None:
        """Look after the children: bound their logs, and raise ChildDiedError if one has ended by itself."""
        for child in self._children.values():
            child.raise_if_dead()
            child.bound_log()

    def close(self) -> None:
        """Stop all children, the none before those that need it, and release the folder."""
        for part in reversed(in_order(self._known, self._known)):
            if part.name in self._children:
                watch = Stopwatch()
                self.stop(part.name)
                self._tell(f"  {watch}  {part.name:12} stopped")
        self._held.close()

    def _bring_up(self, todo: list[Part]) -> None:
        self._giving_up.clear()
        with ThreadPoolExecutor(len(todo), thread_name_prefix="stack") as pool:
            try:
                self._schedule(pool, todo)
            except BaseException:
                self._giving_up.set()
                raise

    def _schedule(self, pool: ThreadPoolExecutor, todo: list[Part]) -> None:
        watch = Stopwatch()
        steps: dict[Future[None], tuple[Part, bool]] = {}
        while todo or steps:
            for part in [part for part in todo if set(part.needs) <= set(self._ready)]:
                todo.remove(part)
                steps[pool.submit(part.prepare)] = part, False
            for future in self._wait_for_one(steps, watch):
                future.result()
                part, is_up = steps.pop(future)
                if is_up:
                    self._ready.append(part.name)
                    self._tell(f"  {watch}  {part.name:12} {part.describe()}")
                else:
                    steps[pool.submit(self._settle, part, self._spawn(part))] = part, True

    def _wait_for_one(self, steps: dict[Future[None], tuple[Part, bool]], watch: Stopwatch) -> Collection[Future[None]]:
        while not (done := wait(steps, SLOW_STEP_S, FIRST_COMPLETED).done):
            self._tell(f"  {watch}  still starting: {', '.join(part.name for part, _ in steps.values())}")
        return done

    def _spawn(self, part: Part) -> Child | None:
        command = part.command()
        if command is None:
            return None
        self._children[part.name] = Child(part.name, command, self.site.log(part.name))
        return self._children[part.name]

    def _settle(self, part: Part, child: Child | None) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not part.ready():
            if child:
                child.raise_if_dead()
            if self._giving_up.wait(READY_POLL_S):
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"{part.name} is not ready after {READY_TIMEOUT_S:.0f} s; its log is {self.site.log(part.name)}."
                )
        part.settle()


def in_order(known: Mapping[str, Part], names: Iterable[str]) -> list[Part]:
    """Give the named parts and all they need, each after what it needs."""
    ordered: dict[str, Part] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for need in known[name].needs:
                visit(need)
            ordered[name] = known[name]

    for name in names:
        visit(name)
    return list(ordered.values())
