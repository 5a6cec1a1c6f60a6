"""The providers' parts of the command line, found by the names that accounts have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import groupby
from typing import Any, cast

from chalicelib import registry
from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.provider import Channel, Desk


def operator(package: str) -> str:
    """The module that holds a provider's PROVIDER, by the provider's package.

    The product's own stand here, under the same path: what chalicelib holds is deployed, and this is not. A package
    from elsewhere brings its own as `operator`.
    """
    ours = package.removeprefix("chalicelib.")
    return f"{package}.operator" if ours == package else f"ops.{ours}"


def channels() -> dict[str, Channel]:
    """Every channel's part by the channel's name."""
    return {name: cast("Channel", _provider(package)) for name, package in registry.CHANNELS.items()}


def desks(packages: Mapping[str, str] = registry.DESKS) -> dict[str, Desk]:
    """Every desk's part by the desk's name; `packages` are those that are set up (`Settings.desks`), or all."""
    return {name: cast("Desk", _provider(package)) for name, package in packages.items()}


def channel(name: str) -> Channel:
    """The channel's part. Raises OpsError where there is none of that name."""
    if name not in registry.CHANNELS:
        raise OpsError(f"this dmdesk knows no channel {name}", "use the dmdesk of the release that is deployed")
    return channels()[name]


def by_channel(accounts: Sequence[Account]) -> list[tuple[str, list[Account]]]:
    """The accounts, which are in the table's order, with the name of their channel."""
    return [(name, list(held)) for name, held in groupby(accounts, key=lambda account: account.channel)]


def _provider(package: str) -> Any:
    return import_module(operator(package)).PROVIDER
