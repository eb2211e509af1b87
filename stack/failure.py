"""What the launcher says when it cannot go on: one clear sentence."""


class StackError(Exception):
    """The stack cannot start or go on; the message is one sentence for the person at the terminal."""


class ChildDiedError(StackError):
    """A child process ended by itself; `log_tail` holds the last lines it wrote."""

    def __init__(self, sentence: str, log_tail: str) -> None:
        super().__init__(sentence)
        self.log_tail = log_tail
