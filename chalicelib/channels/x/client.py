"""The X API as far as the bridge calls it in plain conversations: docs.x.com/x-api/direct-messages.

What a thread names that is encrypted is dealt with in `chats`, which is loaded when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from chalicelib.channels.x import past
from chalicelib.channels.x.api import Api
from chalicelib.channels.x.capabilities import CAPABILITIES
from chalicelib.channels.x.schema import profile_of
from chalicelib.channels.x.uploads import Uploads
from chalicelib.credentials import Secrets
from chalicelib.errors import AccountStopped, Refused, Uncertain, Unfetched
from chalicelib.fields import Fields
from chalicelib.http import Outgoing
from chalicelib.protocols import history
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.messages import CustomerMessage, Mention, Mentioned, Source, Unseen
from chalicelib.vocabulary.records import Account, Profile
from chalicelib.vocabulary.replies import MediaPart, Part, Recipient, TextPart

if TYPE_CHECKING:
    from chalicelib.channels.x.chats import Chats

PLAIN = "dm"
# A handle that begins so is a file of an encrypted message.
SEALED_FILE = "chat:"
CONVERSATIONS = "/2/dm_conversations"
# Nothing waits for what is only good to have: a profile (seconds).
OPTIONAL_S = 2.0
HISTORY_S = 4.0
USER_FIELDS = "connection_status,name,profile_image_url,public_metrics,username,verified"
# Photos lie where only the account's own signature, or the API, lets one; GIFs and films where anybody may.
# developer.x.com/en/docs/x-api/v1/direct-messages/message-attachments
TON_HOSTS = ("ton.twitter.com", "ton.x.com")
OPEN_HOSTS = ("video.twimg.com", "pbs.twimg.com")
_TON = re.compile(r"/1\.1/ton/data/dm/([0-9]+)/([0-9]+)/([\w-][\w.-]*)", re.ASCII)


class XClient:
    """Sends as the brand's account."""

    capabilities = CAPABILITIES

    def __init__(self, api: Api, memory: Memory, clock: Callable[[], float]) -> None:
        self._api = api
        self._memory = memory
        self._clock = clock
        self._uploads = Uploads(api, memory, clock)

    @cached_property
    def _chats(self) -> Chats:
        from chalicelib.channels.x.chats import open_chats  # what encrypts is loaded where somebody needs it

        return open_chats(self._api, self._memory, self._clock)

    def window(self, account: Account) -> WindowPolicy:
        """The same for every account: X sets no time for an answer."""
        return CAPABILITIES.window

    def own(self, account: Account, customer: str, username: str) -> bool:
        """By the id or the name."""
        return account.wrote(customer, username)

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """One part to the customer, or into the group. Answers the id of its event; raises as the protocol says.
        docs.x.com/x-api/direct-messages/manage."""
        if _sealed(to):
            return self._chats.send(account, to, part)
        if isinstance(part, TextPart):
            body: dict[str, Any] = {"text": part.text}
        elif isinstance(part, MediaPart):
            body = {"attachments": [{"media_id": self._uploads.media_id(account, to, part)}]}
        else:
            raise Refused("unsupported", "X has nothing to tap in plain messages")
        told = self._api.post("send", account, f"dm_send{_kind(to)}", f"{_path(to)}/messages", body)
        sent = Fields(told).at("data").text("dm_event_id")
        if not sent:
            raise Uncertain("X took the message and names none")
        return sent

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """By the conversation's 100 newest messages: a text by its words, a file by the id under which it was uploaded.
        docs.x.com/x-api/direct-messages/lookup."""
        if _sealed(to):
            return self._chats.arrived(account, to, part, since_s, taken)
        upload = self._uploads.held(account, to) if isinstance(part, MediaPart) else None
        try:
            told = self._api.get(
                "history", account, f"dm_events{_kind(to)}", f"{_path(to)}/dm_events", past.QUERY, HISTORY_S
            )
        except AccountStopped as stopped:  # who may not read may still send
            raise Refused("other", stopped.detail) from None
        page, text = Fields(told), part.text if isinstance(part, TextPart) else ""
        media_id = upload.id if upload else ""
        held = [past.held(account, page, event, text, to.mark, media_id) for event in past.messages(page)]
        whole = len(held) < past.PAGE and not page.at("meta").has("next_token")
        return history.found(held, whole, part, to.mark, since_s, taken)

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """In encrypted conversations only: X has neither for others."""
        if _sealed(to):
            self._chats.act(account, to, action)

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """The customer's; a group is nobody. docs.x.com/x-api/users/lookup."""
        if _group(to):
            return None
        query = {"user.fields": USER_FIELDS}
        told = self._api.get("profile", account, "users", f"/2/users/{quote(to.customer, safe='')}", query, OPTIONAL_S)
        user = Fields(told).at("data")
        found, ties = profile_of(user), user.value("connection_status")
        if found is None or not isinstance(ties, list):
            return found
        return msgspec.structs.replace(found, follows="followed_by" in ties)

    def post_url(self, account: Account, post: str) -> str:
        """Messages name no posts by their ids alone."""
        return ""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """No mentions are subscribed to."""
        return None

    def source(self, account: Account, message: CustomerMessage) -> Source:
        """A photo by the account's own signature where it has the keys for that, else by the API, which takes the
        parts of the photo's address: docs.x.com/x-api/direct-messages/download-dm-media."""
        media = message.media
        if media is not None and media.handle.startswith(SEALED_FILE):
            return self._chats.source(account, message)
        if media is None or not media.url:
            raise Unfetched("media_gone", "X: no address")
        kept = _TON.match(urlsplit(media.url).path)
        if not kept:
            return Source(url=media.url, hosts=OPEN_HOSTS)
        if self._api.signs(account):
            plain = media.url.partition("?")[0]
            return Source(url=plain, hosts=TON_HOSTS, headers=self._api.signed(account, "GET", plain, {}))
        url = f"{self._api.host}{CONVERSATIONS}/media/{'/'.join(kept.groups())}"
        return Source(url=url, hosts=(urlsplit(self._api.host).hostname or "",), headers=self._api.bearer(account))

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """X mentions no message that it does not deliver."""
        return None


def _sealed(to: Recipient) -> bool:
    """Whether the conversation's newest message came encrypted, so that the answer goes so, too."""
    return to.thread not in {"", PLAIN}


def _group(to: Recipient) -> bool:
    return to.customer.startswith("g")


def _kind(to: Recipient) -> str:
    """Groups have routes of their own, and limits with them."""
    return "_group" if _group(to) else ""


def _path(to: Recipient) -> str:
    """The conversation: with a person, or a group's, which has digits only. openapi.json 2.167"""
    if _group(to):
        return f"{CONVERSATIONS}/{quote(to.customer.removeprefix('g'), safe='')}"
    return f"{CONVERSATIONS}/with/{quote(to.customer, safe='')}"


def open_client(
    http: Outgoing, secrets: Secrets, setting: Callable[[str], str], memory: Memory, clock: Callable[[], float], /
) -> XClient:
    """The client, with the base URL from settings: `setting("x_api")`. See `Open`."""
    return XClient(Api(http, secrets, setting, memory, clock), memory, clock)
