"""erase and export: what the bridge holds of one customer, told, handed out, or gone with a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.pipeline.erasing import CERTIFICATES, Certificate, Holdings
from chalicelib.vocabulary.records import Conversation, Event, Parked, Stored
from chalicelib.wire import bounded, iso
from ops import registry
from ops.bridge import Bridge
from ops.errors import OpsError

LINK_S = 3600
# The moment up to which a customer is erased is this machine's; the workers' events bear AWS'. What is within the
# moments that an erasure waits before it goes may differ (s).
SKEW_S = 5.0
MORE = "further dead letters, if there are any: a queue shows ten of a conversation at the most"
WHAT = "what is held of the customer"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of one account; `integration` is the account's at the desk, "" where the table has no such account."""

    conversation: Conversation
    integration: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What would be erased, by place, and what would be left."""

    channel: str
    account: str
    held: dict[str, int]
    left: list[dict[str, str]]


def subjects(bridge: Bridge, channel: str, customer: str, account: str) -> list[Subject]:
    """The customer of the named account, or of all of the channel's. Raises OpsError where there are none, and for an
    id that nobody can have."""
    registry.channel(channel)
    for option, given in (("--customer", customer), ("--account", account)):
        if given != given.strip() or (option == "--customer" and not given):
            raise OpsError(f"{option} is {given!r}: no id", "take it from participant data, without what is around it")
    customer, account = bounded(customer), bounded(account)
    known = [one for one in bridge.accounts if one.channel == channel]
    if account:
        integration = next((one.integration for one in known if one.id == account), "")
        return [Subject(conversation=Conversation(channel, account, customer), integration=integration)]
    if not known:
        raise OpsError(f"no account of {channel} is in the table", "name one with --account, also one that has gone")
    return [Subject(conversation=Conversation(channel, one.id, customer), integration=one.integration) for one in known]


def found(bridge: Bridge, subject: Subject) -> Found:
    """What erasing would erase. Raises OpsError."""
    held = _held(bridge, subject)
    return Found(
        channel=subject.conversation.channel,
        account=subject.conversation.account,
        held={place: told.count for place, told in held.erased().items()},
        left=[msgspec.to_builtins(left) for left in held.left],
    )


def erase(bridge: Bridge, subject: Subject) -> Certificate:
    """Erases, which takes three quarters of a minute where nothing is under way. Raises OpsError."""
    skew = bridge.ahead_s()
    if abs(skew) > SKEW_S:
        direction = "ahead of" if skew > 0 else "behind"
        problem = f"this machine is {abs(skew):.0f} s {direction} AWS, and would erase up to the wrong moment"
        raise OpsError(problem, "timedatectl set-ntp true, or its like")
    certificate: Certificate = bridge.aws(lambda: bridge.erasing.erase(subject.conversation, subject.integration), WHAT)
    return certificate


def told(certificate: Certificate, bucket: str) -> dict[str, Any]:
    """The certificate with where it is kept."""
    return {**msgspec.to_builtins(certificate), "kept": f"s3://{bucket}/{CERTIFICATES}{certificate.id}.json"}


def found_lines(held: Sequence[Found]) -> list[str]:
    """For people: a line for each account, and for what would be left."""
    lines = []
    for one in held:
        lines.append(f"{one.channel} {one.account}: would erase {_counts(one.held)}")
        lines += [f"  left: {left['key']}: {left['why']}" for left in one.left]
    return lines


def lines(certificates: Sequence[Certificate], bucket: str) -> list[str]:
    """For people: what went, what is left, what lives on elsewhere, and where the certificate is."""
    shown = []
    for one in certificates:
        counts = _counts({place: erased.count for place, erased in one.erased.items()})
        shown.append(f"{one.channel} {one.account}: erased {counts}, up to {one.up_to}")
        if not any(erased.count for erased in one.erased.values()):
            shown.append("  nothing was held: look whether the id is the one in participant data")
        shown += [
            f"  left: {left.key}: {left.why}; look, then: aws s3 rm 's3://{bucket}/{left.key}'" for left in one.left
        ]
        shown += [f"  lives on: {else_.where} until {else_.until}: {else_.what}" for else_ in one.elsewhere]
        shown.append(f"  certificate: s3://{bucket}/{CERTIFICATES}{one.id}.json")
    return shown


def export(bridge: Bridge, subject: Subject, folder: Path | None) -> dict[str, Any]:
    """Everything that is held, its files as links for an hour, or in the folder. Raises OpsError."""
    held = _held(bridge, subject)
    conversation = subject.conversation
    return {
        "channel": conversation.channel,
        "account": conversation.account,
        "customer": conversation.customer,
        "at": iso(int(bridge.clock() * 1000)),
        "table": [{"name": row.name} | {name: _read(value) for name, value in row.fields.items()} for row in held.rows],
        "media": [file for key in held.media if (file := _file(bridge, key, folder))],
        "parked": [{"key": key, **_parked(body)} for key, body in _bodies(bridge, held.parked)],
        "aside": [{"key": key, "event": _json(body)} for key, body in _bodies(bridge, held.aside)],
        "dead_letters": [_event(event) for event in held.events],
        "left_out": [
            "what lies on the queues: it is on its way",
            "transcripts at the desk, and what the platform itself holds",
            *([MORE] if held.events else []),
            *(f"{left.key}: {left.why}" for left in held.left),
        ],
    }


def write(document: Sequence[dict[str, Any]], folder: Path) -> Path:
    """The export as a file that only its owner reads."""
    path = folder / "export.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2))
    path.chmod(0o600)
    return path


def made(folder: Path) -> Path:
    """The folder, made for its owner alone. Raises OpsError where it cannot be had."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(f"{folder}: {error.strerror}", "name another folder with --folder") from None
    return folder


def _held(bridge: Bridge, subject: Subject) -> Holdings:
    held: Holdings = bridge.aws(lambda: bridge.erasing.held(subject.conversation, subject.integration), WHAT)
    return held


def _counts(held: dict[str, int]) -> str:
    return ", ".join(f"{count} {place.replace('_', ' ')}" for place, count in held.items())


def _bodies(bridge: Bridge, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for key in keys:
        body = _bytes(bridge, key)
        if body is not None:
            yield key, body


def _bytes(bridge: Bridge, key: str) -> bytes | None:
    """None of what has gone meanwhile."""
    try:
        body: bytes = bridge.aws(lambda: bridge.bucket.fetch(key), WHAT)
    except LookupError:
        return None
    return body


def _file(bridge: Bridge, key: str, folder: Path | None) -> dict[str, Any] | None:
    stored: Stored | None = bridge.aws(lambda: bridge.bucket.stored(key), WHAT)
    if stored is None:
        return None
    shown: dict[str, Any] = {"key": key, "mime": stored.mime, "name": stored.name, "size": stored.size}
    if folder is None:
        return shown | {"link": bridge.bucket.link(key, stored, LINK_S)}
    body = _bytes(bridge, key)
    if body is None:
        return None
    # the key's own names are digits and letters; what the file is called came from outside
    path = folder / f"{'-'.join(key.split('/')[1:])}{Path(stored.name).suffix}"
    path.write_bytes(body)
    path.chmod(0o600)
    return shown | {"file": path.name}


def _parked(body: bytes) -> dict[str, Any]:
    parked = msgspec.json.decode(body, type=Parked)
    return {
        "queue": parked.queue,
        "reason": parked.reason,
        "parked": iso(parked.parked_ms),
        "event": _event(parked.event) if parked.event else None,
    }


def _event(event: Event) -> dict[str, Any]:
    """The event with its bytes read, and those that it bundles."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return read


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return body.decode(errors="replace")


def _read(value: Any) -> Any:
    """What is a structure is JSON in the table."""
    return _json(value.encode()) if isinstance(value, str) and value[:1] in ("{", "[") else value
