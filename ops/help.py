"""Commands whose help says all that there is to say: whole sentences in the list, an example with each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import click


class _Whole(click.Command):
    """click cuts what it lists to a line; here it is wrapped."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help, whole."""
        return re.split(r"(?<=\.)\s", " ".join(inspect.cleandoc(self.help or "").split()))[0]


class Command(_Whole):
    """A command."""


class Group(_Whole, click.Group):
    """Its commands are such commands."""

    command_class = Command


class Address(click.ParamType[str]):
    """An address that can be called."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address as it came; fails with what is wrong with it."""
        text = str(value)
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or re.search(r"[^!-~]", text) or parts.scheme not in {"https", "http"}:
            self.fail(f"{text!r} is no address: https://…", param, ctx)
        return text


# Of a command that takes platforms' ids: some begin with a dash, which makes no option of them, and hold any letter,
# so that no option may have but one.
DASHES = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


def example(*lines: str) -> str:
    """For a command's epilog: what to type, line by line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def webhook_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Of a command that tells a platform, or compares, where the bridge is reached."""
    return click.option(
        "--webhook-url",
        envvar="DMDESK_WEBHOOK_URL",
        type=Address(),
        help="The bridge's /api/social/webhook [env: DMDESK_WEBHOOK_URL].",
    )(command)


_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
# Whoever scripts the commands may answer all of them alike; those that do ask have a --yes that says so.
_unasked = click.option("--yes", is_flag=True, expose_value=False, hidden=True, help="Do not ask.")


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Every command's own: JSON in place of a table, and an answer to what it might ask."""
    asks = any("--yes" in one.opts for one in getattr(command, "__click_params__", []))
    return _json(command if asks else _unasked(command))
