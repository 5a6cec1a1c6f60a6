"""What Meta sends, as far as the bridge reads it: the names of its kinds, and a lenient reader of its JSON.

developers.facebook.com/docs/instagram-platform/webhooks/examples and
developers.facebook.com/docs/messenger-platform/instagram/features/webhook
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from chalicelib import fields
from chalicelib.errors import Malformed
from chalicelib.wire import LATEST_MS, bounded

# What one item of `messaging` tells; the first that is there is what it is about.
SPOKEN = ("message", "postback", "reaction", "read", "message_edit", "referral")
# Who has the conversation, and under which name it says so:
# developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_handovers
CONTROL: dict[str, tuple[Literal["passed", "taken", "requested"], str]] = {
    "pass_thread_control": ("passed", "new_owner_app_id"),
    "take_thread_control": ("taken", "new_owner_app_id"),
    "request_thread_control": ("requested", "requested_owner_app_id"),
}
ROLES, DEFAULT_APP = "app_roles", "primary_receiver"
# Kinds of which agents learn nothing, and the row of renderings.py that says so.
UNSPOKEN = {
    "optin": "optin",
    "policy_enforcement": "policy_enforcement",
    "response_feedback": "response_feedback",
}
KINDS = (*SPOKEN, *CONTROL, ROLES, *UNSPOKEN)
# What stands around the one thing that an item tells.
ENVELOPE = frozenset({"sender", "recipient", "timestamp", "is_self"})

# What a message may hold. developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages
MESSAGE = frozenset(
    {
        "mid", "text", "attachments", "quick_reply", "quick_replies", "reply_to", "referral", "metadata", "app_id",
        "seq", "nlp", "tags", "is_echo", "is_deleted", "is_self", "is_unsupported",
    }
)  # fmt: skip

# What an attachment of a message may be.
ATTACHMENTS = (
    "image", "video", "audio", "file", "sticker", "like_heart", "story_mention", "ig_story", "story", "ig_post",
    "post", "share", "ig_reel", "reel", "media", "template", "fallback", "location", "ephemeral", "unsupported_type",
)  # fmt: skip

# What `changes` tells, besides what `messaging` does.
COMMENTS = ("comments", "live_comments")
MENTIONS = "mentions"
# Fields of which agents learn nothing, and their rows; Meta's pages spell some of them in two ways.
UNSPOKEN_FIELDS = {
    "story_insights": "story_insights",
    "messaging_handover": "handover",
    "messaging_handovers": "handover",
    "messaging_optins": "optin",
    "messaging_policy_enforcement": "policy_enforcement",
    "response_feedback": "response_feedback",
    "standby": "standby",
}

# What the dashboard's Test button sends: the first by way of a Page, all of them by Instagram Login. It must never
# become a conversation. developers.facebook.com/docs/graph-api/webhooks/getting-started
TEST_ACCOUNT, TEST_SENDER, TEST_MID = "0", "12334", "random_mid"

_PLAIN = re.compile(r"[a-z_]{1,40}")
_TIME = (int, float, str)


class Fields(fields.Fields):
    """A JSON object of Meta's. What stands in a list and is no object counts, as one that says nothing; and what
    should be a list may come alone."""

    __slots__ = ()

    def empty(self) -> list[str]:
        """What is named and null."""
        return [name for name, value in self._fields.items() if value is None]

    def number(self, name: str) -> str:
        """A number as a text, with its fraction; a text as it is."""
        value = self.value(name)
        return f"{value:.10g}" if isinstance(value, float) else self.text(name)

    def each(self, name: str) -> list[Fields]:
        """A list's items; anything else that is there is a list of one."""
        value = self.value(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [Fields(item) for item in items]

    def milliseconds(self, name: str, otherwise: int) -> int:
        """The time in ms."""
        return time_of(self.value(name), otherwise)


def read(raw: bytes | msgspec.Raw) -> Fields:
    """The bytes of a JSON object. Raises Malformed."""
    return Fields(object_of(raw))


def object_of(raw: bytes | msgspec.Raw) -> dict[str, Any]:
    """The same, as it is. Raises Malformed."""
    value = fields.read(raw, "Instagram event")
    if not isinstance(value, dict):
        raise Malformed("Instagram event: no object")
    return value


def time_of(value: object, otherwise: int) -> int:
    """Whatever stands where a time should, in ms."""
    return milliseconds(value if isinstance(value, _TIME) else None, otherwise)


def milliseconds(timestamp: int | float | str | None, otherwise: int) -> int:
    """Meta's time in ms. Messages carry ms, changes and the dashboard's test seconds, sometimes as a string."""
    try:
        number = int(float(timestamp)) if timestamp is not None else 0
    except (ValueError, OverflowError):
        number = 0
    if not 0 < number <= LATEST_MS:
        return otherwise
    return number if number > 10**11 else number * 1000


def event_name(name: str) -> str:
    """The name of a kind of event as it may be counted: short and plain, or "unknown"."""
    return name if _PLAIN.fullmatch(name) else "unknown"


def event_of(seen: Fields) -> str:
    """What an item that is no message tells of, though it be null. Raises Malformed where that is nothing, or may have
    been a customer's words."""
    names = [name for name in seen.names() if name not in ENVELOPE]
    names = names or [name for name in seen.empty() if name not in ENVELOPE | {"message", "postback"}]
    if not names:
        raise Malformed("Instagram event that tells nothing")
    return next((name for name in names if seen.at(name).names()), names[0])


def message_event(mid: str) -> str:
    """The event id of the message with this platform id."""
    return bounded(f"message:{mid}")


def comment_of(value: Fields) -> str:
    """The comment's id: the reference and real traffic call it `id`, the examples page `comment_id`."""
    return value.text("id") or value.text("comment_id")


def writer(field: str, value: Fields) -> str:
    """The customer of a comment or mention, "" where nobody can be told.

    A mention does not name its author, so that the comment, or the post, stands for them.
    """
    comment, post = comment_of(value), value.text("media_id")
    person = value.at("from").text("id") if field in COMMENTS else ""
    return person or (f"comment:{comment}" if comment else f"media:{post}" if post and field == MENTIONS else "")
