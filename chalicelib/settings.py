"""The environment, checked once: what is missing is named, with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.about import About

PREFIX = "DMDESK_"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bridge keeps what it works on."""

    table: str
    bucket: str
    inbound_queue: str
    inbound_dead_letters: str
    outbound_queue: str
    outbound_dead_letters: str


class Settings(Places, frozen=True, kw_only=True):
    """One field per environment variable: `table` is DMDESK_TABLE. Secrets are named here, never held.

    `vendors` holds, by the same names, what channels and desks bring (`about.ABOUT`): the names of their secrets, and
    their addresses, which have their real defaults; tests and private gateways change them. Of a desk that is not set
    up it holds nothing.
    """

    media_secret: str
    public_url: str
    # how long customers' and agents' files are kept, as the bucket's lifecycle has it
    media_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    # how long what the platform tells of a customer is remembered, and then asked for anew
    profile_days: Annotated[int, msgspec.Meta(ge=1)] = 7
    # how long queues with their dead letters, logs and backups hold what is in them: an erasure's certificate tells it
    queue_days: Annotated[int, msgspec.Meta(ge=1)] = 28
    log_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    backup_days: Annotated[int, msgspec.Meta(ge=0)] = 35
    # further hosts that files may be fetched from, comma separated; one with its scheme is trusted wherever it is
    media_hosts: str = ""
    # hours before a window closes and the priority from then on, as rules/closing.py reads them
    closing_steps: str = "4:1440,2:2880,1:4320"
    # the topic where supervisors read of closing windows; nobody is told where there is none
    supervisors_topic: str = ""
    # how long a desk is away before it counts as an outage, of which customers may be told
    outage_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 15
    # how long a reply waits for a platform's limit before its agent is told
    late_reply_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 5
    # how many conversations of a batch a worker deals with at a time; 1: one after the other
    at_once: Annotated[int, msgspec.Meta(ge=1, le=10)] = 10
    # events that were parked for want of an account come back by themselves where they are no older; 0: none do
    parked_return_hours: Annotated[int, msgspec.Meta(ge=0, le=2160)] = 48
    # who searches files for malware, how long (s) a verdict is waited for, and what becomes of a file without one, and
    # of one of which the scanner cannot tell
    scan: Literal["off", "guardduty"] = "off"
    scan_seconds: Annotated[int, msgspec.Meta(ge=5, le=900)] = 60
    scan_without_verdict: Literal["refuse", "allow", "hold"] = "refuse"
    scan_unscannable: Literal["refuse", "allow"] = "refuse"
    # where Amazon Bedrock is, "" for the region's own: tests and private endpoints change it
    bedrock_api: str = ""
    vendors: dict[str, str] = {}

    def url(self, name: str) -> str:
        """A channel's or a desk's setting by its name; an address without its last slash."""
        return self.vendors[name].rstrip("/")

    def desks(self) -> dict[str, str]:
        """The packages of the desks that are set up, by their names; the first always is, as accounts name none for
        it."""
        held = {name for name, about in abouts(DESKS).items() if _own(about) <= self.vendors.keys()}
        return {name: package for name, package in DESKS.items() if name in held or name == next(iter(DESKS))}


def variables() -> dict[str, str | int | None]:
    """Every setting by its name, in the order in which missing ones are told: its default, None where it is
    required."""
    parts = [*abouts(CHANNELS).values(), *abouts(DESKS).values()]
    defaults: dict[str, str | int | None] = dict(_defaults(Places))
    for part in parts:
        defaults |= dict.fromkeys(part.secrets)
    defaults |= _defaults(Settings)
    for part in parts:
        defaults |= part.settings
    return defaults


def _own(about: About) -> set[str]:
    return {*about.secrets, *about.settings}


def _unused(given: Mapping[str, str]) -> set[str]:
    """The settings of the desks of which none is given. The first desk is in every deployment."""
    first, *others = map(_own, abouts(DESKS).values())
    used = first.union(*(own for own in others if not own or own & given.keys()))
    return set[str]().union(*others) - used


def _defaults(kind: type[Places]) -> dict[str, str | int | None]:
    fields = [field for field in msgspec.structs.fields(kind) if field.name != "vendors"]
    return {field.name: None if field.required else field.default for field in fields}


def load(environment: Mapping[str, str]) -> Settings:
    """The settings. Raises SystemExit with the names that are missing or wrong: nothing can work without them."""
    every = variables()
    given = {name: value for name in every if (value := environment.get(PREFIX + name.upper()))}
    unused = _unused(given)
    known = {name: default for name, default in every.items() if name not in unused}
    missing = [PREFIX + name.upper() for name, default in known.items() if default is None and name not in given]
    if missing:
        raise SystemExit(f"dmdesk: set {', '.join(missing)} (Terraform sets them on each function)")
    ours = {name: value for name, value in given.items() if name in Settings.__struct_fields__}
    vendors = {
        name: given.get(name, default) for name, default in known.items() if name not in Settings.__struct_fields__
    }
    try:
        return msgspec.convert(ours | {"vendors": vendors}, Settings, strict=False)
    except msgspec.ValidationError as error:
        problem, _, field = str(error).rpartition(" - at `$.")
        name = field.rstrip("`")
        raise SystemExit(f"dmdesk: {PREFIX}{name.upper()} is {given.get(name, '')!r}: {problem}") from None
