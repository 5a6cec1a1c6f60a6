"""Plain direct messages: what a simulated X remembers of them, and how it tells of them.

Source: docs.x.com/x-api/activity/event-payloads and account-activity/introduction, and captured deliveries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.simulators.x.ids import between, in_path, is_group, made_ms
from sandbox.stage.people import display_name
from sandbox.stage.people import username as made_up

Made = dict[str, Any]
# sender_id and participant_ids are asked for on X's pages, and are none of openapi.json's
FIELDS = ("attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "participant_ids",
          "referenced_tweets", "sender_id", "text")  # fmt: skip
USER_FIELDS = (
    "confirmed_email", "connection_status", "created_at", "description", "entities", "id", "is_identity_verified",
    "location", "name", "parody", "profile_banner_url", "profile_image_url", "protected", "public_metrics",
    "receives_your_dm", "subscribes_to_you", "subscription", "subscription_type", "url", "username", "verified",
    "verified_followers_count", "verified_type", "withheld",
)  # fmt: skip
EXPANDED = {"attachments.media_keys": "attachments", "participant_ids": "participant_ids", "sender_id": "sender_id",
            "referenced_posts": "referenced_posts"}  # fmt: skip
MEDIA_FIELDS = ("alt_text", "duration_ms", "height", "media_key", "non_public_metrics", "organic_metrics",
                "preview_image_url", "promoted_metrics", "public_metrics", "type", "url", "variants",
                "width")  # fmt: skip
_KEPT_DAYS = 30  # docs.x.com/x-api/direct-messages/lookup


class Picture(NamedTuple):
    """A file of a plain message: where it lies, `film` where it is a film behind its first frame."""

    id: str
    kind: str  # photo, animated_gif, video
    url: str
    film: str = ""

    @property
    def key(self) -> str:
        return f"{3 if self.kind == 'photo' else 13}_{self.id}"


class Message(NamedTuple):
    """A plain message. `by_app` is the app that sent it, "" where a person wrote it at X. `links` are the texts in it
    that stand for something else, with what they stand for."""

    id: str
    sender: str
    text: str
    picture: Picture | None = None
    links: tuple[tuple[str, str], ...] = ()
    by_app: str = ""
    answers: str = ""  # what a quick reply's metadata says

    @property
    def ms(self) -> int:
        return made_ms(self.id)


@dataclass
class Dms:
    """The conversations by their ids, the oldest message first."""

    held: dict[str, list[Message]] = field(default_factory=dict)

    def of(self, account: str, other: str) -> list[Message]:
        """The account's conversation with somebody, or a group."""
        return self.held.setdefault(conversation_id(account, other), [])

    def theirs(self, account: str) -> list[tuple[str, Message]]:
        """All of the account's, with their conversations; a group's are everybody's."""
        named = [(name, one) for name, kept in self.held.items() for one in kept if account in name.split("-") or
                 "-" not in name]  # fmt: skip
        return sorted(named, key=lambda pair: int(pair[1].id))

    def recent(self, messages: Iterable[tuple[str, Message]], now: float) -> list[tuple[str, Message]]:
        """Those that X still lists, the newest first."""
        oldest = (now - _KEPT_DAYS * 86_400) * 1000
        return [pair for pair in reversed(list(messages)) if pair[1].ms >= oldest]


def conversation_id(account: str, other: str) -> str:
    """As the API names it: a group's has no letter."""
    return other.removeprefix("g") if is_group(other) else in_path(between(account, other))


def message_create(message: Message, recipient: str, group: str = "") -> Made:
    """An item of `direct_message_events`. How X names a group in it is not documented: here as its API does."""
    said: Made = {"text": message.text, "entities": _entities(message)}
    if message.picture:
        said["attachment"] = {"type": "media", "media": _media(message)}
    if message.answers:
        said["quick_reply_response"] = {"type": "options", "metadata": message.answers}
    created: Made = {"target": {"recipient_id": recipient}, "sender_id": message.sender, "message_data": said}
    if message.by_app:
        created["source_app_id"] = message.by_app
    head = {"type": "message_create", "id": message.id, "created_timestamp": str(message.ms)}
    return head | ({"dm_conversation_id": group} if group else {}) | {"message_create": created}


def _entities(message: Message) -> Made:
    urls = []
    for short, long in message.links:
        at = message.text.find(short)
        shown = "pic.twitter.com/" + short.rpartition("/")[2] if message.picture else long.partition("//")[2]
        urls.append({"url": short, "expanded_url": long, "display_url": shown, "indices": [at, at + len(short)]})
    return {"hashtags": [], "symbols": [], "user_mentions": [], "urls": urls}


def _media(message: Message) -> Made:
    picture = message.picture
    assert picture is not None
    short, long = message.links[-1]
    at = message.text.find(short)
    told: Made = {
        "id": int(picture.id),
        "id_str": picture.id,
        "indices": [at, at + len(short)],
        "media_url": picture.url,
        "media_url_https": picture.url,
        "url": short,
        "display_url": "pic.twitter.com/" + short.rpartition("/")[2],
        "expanded_url": long,
        "type": picture.kind,
        "sizes": {"large": {"w": 240, "h": 160, "resize": "fit"}},
    }
    if picture.film:
        playlist = {"content_type": "application/x-mpegURL", "url": picture.film.replace(".mp4", ".m3u8")}
        film = {"bitrate": 632_000, "content_type": "video/mp4", "url": picture.film}
        told["video_info"] = {"aspect_ratio": [3, 2], "duration_millis": 2000, "variants": [playlist, film]}
    return told


def indicated(sender: str, recipient: str, ms: int, seen: str = "") -> Made:
    """An item of the typing events, or of the read events where a message was `seen`."""
    told: Made = {"created_timestamp": str(ms), "sender_id": sender, "target": {"recipient_id": recipient}}
    return told | ({"last_read_event_id": seen} if seen else {})


# --- who


def name_of(user: str, brands: dict[str, str]) -> tuple[str, str]:
    """Somebody's name and user name; `brands` are the accounts' user names."""
    known = brands.get(user)
    return (known, known) if known else (display_name(user), made_up(user))


def flat_user(user: str, brands: dict[str, str], url: str) -> Made:
    """As the Account Activity API tells of somebody."""
    name, username = name_of(user, brands)
    return {
        "id": user,
        "created_timestamp": "1422556069340",
        "name": name,
        "screen_name": username,
        "location": "Boulder, CO",
        "description": "Tea, mostly",
        "protected": False,
        "verified": False,
        "followers_count": 22,
        "friends_count": 45,
        "statuses_count": 494,
        "profile_image_url_https": f"{url}/pbs.twimg.com/profile_images/{user}/figure_normal.png",
    }


def user(identifier: str, brands: dict[str, str], url: str) -> Made:
    """As the X Activity API and the lookup tell of somebody."""
    name, username = name_of(identifier, brands)
    metrics = {"followers_count": 22, "following_count": 45, "tweet_count": 494, "listed_count": 1, "like_count": 9}
    return {
        "id": identifier,
        "name": name,
        "username": username,
        "created_at": "2015-01-30T01:14:29.000Z",
        "description": "Tea, mostly",
        "location": "Boulder, CO",
        "protected": False,
        "verified": False,
        "verified_type": "none",
        "connection_status": ["followed_by"],
        "public_metrics": metrics,
        "profile_image_url": f"{url}/pbs.twimg.com/profile_images/{identifier}/figure_normal.png",
    }


def counted_twice(told: Made) -> Made:
    """As the X Activity API tells of people: each number a second time, as text, and nothing of the two's relation."""
    metrics = told["public_metrics"]
    told = {name: value for name, value in told.items() if name != "connection_status"}
    return told | {"public_metrics": metrics | {f"{name}_str": str(count) for name, count in metrics.items()}}


# --- the API's


def listed(named: tuple[str, Message], wanted: list[str]) -> Made:
    """A message as the lookup tells of it; id, text and event_type are always there."""
    conversation, message = named
    told: Made = {
        "id": message.id,
        "text": message.text,
        "event_type": "MessageCreate",
        "created_at": rfc3339(message.ms),
        "dm_conversation_id": conversation,
        "sender_id": message.sender,
    }
    if message.picture:
        told["attachments"] = {"media_keys": [message.picture.key]}
    if message.links:
        told["entities"] = {"urls": [
            {"url": short, "expanded_url": long, "start": message.text.find(short),
             "end": message.text.find(short) + len(short)} for short, long in message.links
        ]}  # fmt: skip
    return {name: value for name, value in told.items() if name in ("id", "text", "event_type", *wanted)}


def included(picture: Picture, wanted: list[str]) -> Made:
    """A message's file as the lookup tells of it."""
    told: Made = {"media_key": picture.key, "type": picture.kind, "height": 160, "width": 240}
    told |= {"preview_image_url": picture.url} if picture.film else {"url": picture.url}
    if picture.film:
        told["duration_ms"] = 2000
        told["variants"] = [{"bit_rate": 632_000, "content_type": "video/mp4", "url": picture.film}]
    return {name: value for name, value in told.items() if name in ("media_key", "type", *wanted)}


def rfc3339(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
