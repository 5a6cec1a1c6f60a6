"""What X sends, read leniently: two ways to deliver, of which each says who it is for in its own place.

Account Activity: docs.x.com/x-api/account-activity; X Activity: docs.x.com/x-api/activity/event-payloads. The list of
direct messages is the same in both; the people beside it are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from chalicelib import fields
from chalicelib.errors import Malformed
from chalicelib.fields import Fields
from chalicelib.vocabulary.records import Profile
from chalicelib.wire import LATEST_MS, moment_ms

MESSAGES, READS, TYPING = (
    "direct_message_events",
    "direct_message_mark_read_events",
    "direct_message_indicate_typing_events",
)
# What a list of Account Activity's, or a type of X Activity's, tells of. X writes the last with a point, and takes
# the other spelling for it.
KINDS = {
    MESSAGES: "dm",
    READS: "read",
    TYPING: "typing",
    "dm.received": "dm",
    "dm.sent": "dm",
    "dm.read": "read",
    "dm.indicate_typing": "typing",
    "chat.received": "chat",
    "chat.sent": "chat",
    "chat.conversation_join": "join",
    "chat.conversation.join": "join",
    "user_event.revoke": "revoke",
    "oauth.revoke": "revoke",
    "replay_job_status": "replay",
}
LISTS = (MESSAGES, READS, TYPING)
# What stands beside what a delivery of Account Activity's tells.
AROUND = frozenset({"for_user_id", "users", "apps", "user_has_blocked", "is_blocked_by", "of"})

_PERSON = re.compile("[0-9]{1,20}")
_GROUP = re.compile("g?[0-9]{1,20}")
_PAIR = re.compile("([0-9]{1,20})[-:]([0-9]{1,20})")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a delivery: its `kind` of KINDS' values ("" for one that is none of them), X's `name` for it, the
    account that it is for, what it says, and what stands around that. `count` is how many of one name it stands for,
    `uuid` X's id of the delivery, "" where it has none."""

    kind: str
    name: str
    account: str
    seen: Fields
    around: Fields
    count: int = 1
    uuid: str = ""

    @property
    def sender(self) -> str:
        return self._spoken.text("sender_id")

    @property
    def recipient(self) -> str:
        return self._spoken.at("target").text("recipient_id")

    @property
    def group(self) -> str:
        """The group's id as the bridge writes it (`g…`), "" where none is named: X documents none for a group's
        plain messages, and its REST side calls a group by a bare number. docs.x.com/x-api/direct-messages/lookup"""
        places = (self.seen, self._spoken, self._spoken.at("target"), self.around)
        named = (place.text(name) for place in places for name in ("dm_conversation_id", "conversation_id"))
        return next((f"g{one.removeprefix('g')}" for one in named if _GROUP.fullmatch(one)), "")

    @property
    def person(self) -> Fields:
        """Who sent it, as far as the delivery tells."""
        user = self.around.at("users", self.sender)
        return user.at("data") if user.has("data") else user

    @property
    def _spoken(self) -> Fields:
        """Where the parties stand: in the message, or in the event itself."""
        return self.seen.at("message_create") if self.seen.has("message_create") else self.seen


def opened(raw: bytes | msgspec.Raw) -> Told:
    """The one event of a delivery. Raises Malformed where it holds none."""
    top = fields.read(raw, "not an X delivery")
    if not isinstance(top, dict):
        raise Malformed("not an X delivery: no object")
    told = next(_activity(Fields(top["data"])) if "data" in top else _account_activity(Fields(top)), None)
    if told is None:
        raise Malformed("an X delivery that tells nothing")
    return told


def _activity(data: Fields) -> Iterator[Told]:
    """X Activity: a type, whom it is for, and the payload."""
    name, payload = data.text("event_type"), data.at("payload")
    if not name:
        return
    kind = KINDS.get(name, "")
    events = [one for key in LISTS if KINDS[key] == kind for one in payload.each(key)]
    seen = events[0] if events else payload
    account = data.at("filter").text("user_id") or (payload.text("user_id") if kind == "revoke" else "")
    told = Told(kind=kind, name=name, account=account, seen=seen, around=payload, uuid=data.text("event_uuid"))
    if not account and kind in {"dm", "read", "typing"}:  # a subscription may have another filter
        told = msgspec.structs.replace(told, account=told.sender if name == "dm.sent" else told.recipient)
    yield told


def _account_activity(top: Fields) -> Iterator[Told]:
    account = top.text("for_user_id")
    revoked = top.at("user_event", "revoke")
    for name in top.names():
        if name in LISTS:
            for seen in top.each(name)[:1]:
                yield Told(kind=KINDS[name], name=name, account=account, seen=seen, around=top)
        elif name == "user_event" and revoked.names():
            owner = revoked.at("source").text("user_id")
            yield Told(kind="revoke", name="user_event.revoke", account=owner or account, seen=revoked, around=top)
        elif name == "replay_job_status":
            yield Told(kind="replay", name=name, account=account, seen=top.at(name), around=top)
    for name in top.names():
        if name not in AROUND:
            yield Told(kind="", name=name, account=account, seen=Fields(), around=top, count=len(top.each(name)) or 1)


def conversation_of(written: str) -> str:
    """A conversation as the bridge names it: `a:b` with the lower id first, whichever way X writes it, a group's id as
    it is; "" where it is neither. Signed is the form with a colon."""
    pair = _PAIR.fullmatch(written)
    if pair:
        return ":".join(sorted(pair.groups(), key=lambda one: (int(one), one)))
    return written if written.startswith("g") and _GROUP.fullmatch(written) else ""


def other_party(conversation: str, account: str) -> str:
    """Whose conversation with the account it is, as `conversation_of` writes it: the other person's id, or the
    group's; "" where the account is in none."""
    people = conversation.split(":")
    if len(people) != 2:
        return conversation
    return people[1] if people[0] == account else people[0] if people[1] == account else ""


def profile_of(person: Fields) -> Profile | None:
    """What X tells of somebody: in the words of its first API (Account Activity), or of its second. None where that is
    nothing."""
    if not person.names():
        return None
    counts = [person.value("followers_count"), person.at("public_metrics").value("followers_count")]
    avatar = person.text("profile_image_url_https") or person.text("profile_image_url")
    return Profile(
        name=person.text("name").strip(),
        username=person.text("screen_name") or person.text("username"),
        avatar=avatar if avatar.startswith("https://") else "",
        followers=next((count for count in counts if type(count) is int), None),
        verified=person.flag("verified"),
    )


def milliseconds(stamp: str) -> int:
    """X's time in ms, 0 where it is none: milliseconds as text, or ISO 8601 in what is revoked."""
    if stamp.isascii() and stamp.isdigit() and len(stamp) <= 15:
        return int(stamp) if int(stamp) <= LATEST_MS else 0
    return min(moment_ms(stamp), LATEST_MS)
