"""How a command fails: one line that says what is wrong, and one that says what mends it."""

from __future__ import annotations

import click


class OpsError(click.ClickException):
    """Ends the command with exit code 1. `fix` tells the operator what to do."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix

    def format_message(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message
