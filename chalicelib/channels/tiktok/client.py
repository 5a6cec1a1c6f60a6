"""The Business Messaging API as far as the bridge calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from urllib3 import encode_multipart_formdata

from chalicelib.channels.tiktok.capabilities import CAPABILITIES
from chalicelib.channels.tiktok.problems import judged
from chalicelib.channels.tiktok.schema import Fields, milliseconds
from chalicelib.credentials import Secrets
from chalicelib.errors import AccountStopped, Refused, Retryable, Uncertain, Unfetched
from chalicelib.http import Outgoing
from chalicelib.protocols import history
from chalicelib.protocols.calls import access_token, harmless
from chalicelib.protocols.history import Held
from chalicelib.protocols.verdicts import Act
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.messages import CustomerMessage, Mention, Mentioned, Source, Unseen
from chalicelib.vocabulary.records import Account, Profile
from chalicelib.vocabulary.replies import ChoicesPart, MediaPart, Part, Recipient, TextPart

API = "/open_api/v1.3/business/message/"
# Without its last slash TikTok answers 404 to any path.
SEND = API + "send/"
UPLOAD = API + "media/upload/"
DOWNLOAD = API + "media/download/"
CAPABLE = API + "capabilities/get/"
CONTENT = API + "content/list/"
CONVERSATIONS = API + "conversation/list/"

ENDINGS = {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",)}
# Nothing waits for what is only good to have: a profile, a sign that somebody is typing (seconds).
OPTIONAL_S = 2.0
HISTORY_S = 4.0
# content/list tells a conversation's newest messages, and has no second page: TikTok portal doc 1832184425841170
NEWEST = 20
# Who sent a message of the account's, as far as message_tag.source tells: the API, or a person or an automation.
BY_API = {"API": True, "APP": False, "WEB": False, "OTHERS": False}
ACTIONS = {"typing": "TYPING", "seen": "MARK_READ"}
# The host of a download is not documented: the domains from which TikTok serves.
HOSTS = (
    "tiktok.com", "tiktokcdn.com", "tiktokcdn-us.com", "tiktokcdn-eu.com", "tiktokv.com", "tiktokv.us", "tiktokv.eu",
    "byteimg.com", "ibyteimg.com", "byteoversea.com", "ibytedtos.com",
)  # fmt: skip


class TikTokClient:
    """Sends as the business account. TikTok addresses conversations, never people."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, host: str) -> None:
        self._http = http
        self._secrets = secrets
        self._host = host

    def window(self, account: Account) -> WindowPolicy:
        """The same for every account."""
        return CAPABILITIES.window

    def own(self, account: Account, customer: str, username: str) -> bool:
        """By the id or the name."""
        return account.wrote(customer, username)

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """One part into the conversation, or as the one answer to a comment. Answers the message id; raises as
        the protocol says. TikTok portal doc 1832184403754242."""
        if not (to.thread or to.comment):
            raise Refused("no_conversation", "TikTok: this person has not written to the account yet")
        content = self._content(account, to, part)
        if not to.comment:
            return self._in_conversation(account, to, content)
        try:
            return self._message(account, _in_reply(account, to) | content)
        except Refused as refused:
            # A comment is not answered within 24 hours of a message, yet their conversation may be: the same page
            if refused.reason != "window_closed" or not to.thread:
                raise
            return self._in_conversation(account, to, content)

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """By the 20 newest messages of the conversation, which tell whether the API sent one.
        TikTok portal doc 1832184425841170."""
        if not to.thread:
            raise Refused("no_conversation", "TikTok: there is no conversation yet that could be read")
        try:
            data = self.asked("history", account, CONTENT, _of(account, to), HISTORY_S)
        except AccountStopped as stopped:  # who may not read may still send
            raise Refused("other", stopped.detail) from None
        held = [_held(account, message) for message in objects(data, "messages")]
        return history.found(held, len(held) < NEWEST, part, to.mark, since_s, taken)

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """Shows typing for five seconds, or marks the conversation as read; nothing where there is none."""
        if to.thread:
            content = {"message_type": "SENDER_ACTION", "sender_action": ACTIONS[action]}
            self._post("send", account, SEND, _to_thread(account, to) | content, read_s=OPTIONAL_S)

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """The customer as a participant of the conversation: only its messages tell of people.
        TikTok portal doc 1832184425841170."""
        if not to.thread:
            return None
        data = self.asked("profile", account, CONTENT, _of(account, to), OPTIONAL_S)
        person = next((item for item in objects(data, "participants") if item.get("id") == to.customer), None)
        if person is None:
            return None
        written = (item for item in objects(data, "messages") if _id_of(item.get("from_user")) == to.customer)
        follows, avatar = person.get("is_follower"), _text(person.get("profile_image"))
        return Profile(
            name=_text(person.get("display_name")).strip(),
            username=next((_text(item.get("sender")) for item in written), ""),
            avatar=avatar if avatar.startswith("https://") else "",
            follows=follows if isinstance(follows, bool) else None,
        )

    def post_url(self, account: Account, post: str) -> str:
        """TikTok's events carry the address themselves."""
        return ""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """TikTok's events tell all that there is."""
        return None

    def source(self, account: Account, message: CustomerMessage) -> Source:
        """A link to the picture or video, good for 24 hours and only with the token in the header `x-user`.
        TikTok portal doc 1832184455450626."""
        if message.media is None or not message.media.handle:
            raise Unfetched("media_gone", "TikTok: no media id")
        body = {
            "business_id": account.id,
            "conversation_id": message.platform_thread,
            "message_id": message.origin,
            "media_id": message.media.handle,
            "media_type": message.media.kind.upper(),
        }
        try:
            url = harmless(lambda: self._post("media", account, DOWNLOAD, body)).get("download_url")
        except Refused as refused:
            raise Unfetched("media_gone", refused.detail) from None
        if not isinstance(url, str) or not url:
            raise Unfetched("media_gone", "TikTok: no download_url")
        return Source(url=url, hosts=HOSTS, headers={"x-user": access_token(self._secrets, account)})

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """TikTok mentions no message that it does not deliver."""
        return None

    def _in_conversation(self, account: Account, to: Recipient, content: dict[str, Any]) -> str:
        """Into the thread, as a quote where one is named: texts only, and without it where TikTok does not take it."""
        body = _to_thread(account, to) | content
        if not to.quotes or content["message_type"] != "TEXT":
            return self._message(account, body)
        try:
            return self._message(account, body | {"referenced_message_info": {"referenced_message_id": to.quotes}})
        except Refused as refused:
            if refused.reason != "rejected_content":
                raise
            return self._message(account, body)

    def _message(self, account: Account, body: dict[str, Any]) -> str:
        message = self._post("send", account, SEND, body).get("message")
        sent = _text(message.get("message_id")) if isinstance(message, dict) else ""
        if not sent:
            raise Uncertain("TikTok took the message and names none")
        return sent

    def _content(self, account: Account, to: Recipient, part: Part) -> dict[str, Any]:
        if isinstance(part, TextPart):
            return {"message_type": "TEXT", "text": {"body": part.text}}
        if isinstance(part, MediaPart):
            return {"message_type": "IMAGE", "image": {"media_id": self._uploaded(account, to, part)}}
        if isinstance(part, ChoicesPart):
            return {"message_type": "TEMPLATE", "template": _card(part)}
        raise Refused("unsupported", "TikTok has no cards")

    def _uploaded(self, account: Account, to: Recipient, part: MediaPart) -> str:
        """The id under which TikTok holds the picture. TikTok portal doc 1832184437720193."""
        if part.mime not in ENDINGS or not part.body:
            raise Refused("media_refused", f"TikTok carries pictures only, not {part.mime}")
        if not any(self._takes_images(account, to, kind) for kind in ("SINGLE", "STRANGER")):
            raise Refused("media_refused", "TikTok takes no pictures in this conversation")
        file = (_file_name(part), part.body, part.mime)
        body, kind = encode_multipart_formdata({"business_id": account.id, "media_type": "IMAGE", "file": file})
        media_id = _text(harmless(lambda: self._post("media", account, UPLOAD, body, kind)).get("media_id"))
        if not media_id:
            raise Retryable("TikTok: an upload without a media_id")
        return media_id

    def _takes_images(self, account: Account, to: Recipient, kind: str) -> bool:
        """Whether the conversation takes pictures, if it is of this kind: STRANGER until the account answers
        the customer for the first time, SINGLE from then on. TikTok portal doc 1836061597865986."""
        query = {"business_id": account.id, "conversation_id": to.thread, "conversation_type": kind}
        if not to.thread:  # the author of a comment: there is no conversation to ask about
            return False
        try:
            data = self.asked("media", account, CAPABLE, query | {"capability_types": json.dumps(["IMAGE_SEND"])})
        except AccountStopped:
            raise
        except Refused:
            return False
        infos = objects(data, "capability_infos")
        return any(
            info.get("capability_type") == "IMAGE_SEND" and info.get("capability_result") is True for info in infos
        )

    def asked(
        self, act: Act, account: Account, path: str, query: dict[str, str], read_s: float | None = None
    ) -> dict[str, Any]:
        """The data that a question is answered with. Raises as the protocol says."""
        # A "+" that is not escaped is "Param conversation_id is invalid": TikTok portal doc 1832184425841170
        url = f"{self._host}{path}?{urlencode(query, quote_via=quote, safe='')}"
        headers = {"Access-Token": access_token(self._secrets, account)}
        return harmless(lambda: judged(self._http.get(url, headers=headers, read_s=read_s), act))

    def _post(
        self,
        act: Act,
        account: Account,
        path: str,
        body: dict[str, Any] | bytes,
        kind: str = "application/json",
        read_s: float | None = None,
    ) -> dict[str, Any]:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Access-Token": access_token(self._secrets, account), "Content-Type": kind}
        return judged(self._http.post(self._host + path, headers=headers, body=data, read_s=read_s), act)


def _in_reply(account: Account, to: Recipient) -> dict[str, Any]:
    """Whom an answer to a comment goes to: the comment takes the place of the conversation."""
    reply = {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": to.comment}}
    return {"business_id": account.id, "direct_reply": reply}


def _to_thread(account: Account, to: Recipient) -> dict[str, Any]:
    return {"business_id": account.id, "recipient_type": "CONVERSATION", "recipient": to.thread}


def _of(account: Account, to: Recipient) -> dict[str, str]:
    """Which conversation is asked for."""
    return {"business_id": account.id, "conversation_id": to.thread}


def _card(part: ChoicesPart) -> dict[str, Any]:
    """A button's id has at most 40 characters, and ours are as long (`rules.planning.token`)."""
    buttons = [{"type": "REPLY", "title": choice.text, "id": choice.payload} for choice in part.choices]
    return {"type": "QA_BUTTON_CARD", "title": part.text, "buttons": buttons}


def _file_name(part: MediaPart) -> str:
    """The file's own name, unless its ending is not that of its type."""
    endings = ENDINGS[part.mime]
    return part.name if part.name.lower().endswith(endings) else f"image{endings[0]}"


def _held(account: Account, message: dict[str, Any]) -> Held:
    """A message as the history has it; its types and roles are in capitals. A card is told by its title."""
    fields = Fields(message)
    kind = fields.text("message_type")
    return Held(
        id=fields.text("message_id"),
        sent_s=milliseconds(fields.text("timestamp"), 0) / 1000,
        own=fields.text("from_user.id") == account.id,
        by_api=BY_API.get(fields.text("message_tag.source")),
        text=fields.text("text.body" if kind == "TEXT" else "template.title"),
        kind="image" if kind == "IMAGE" else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def objects(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in TikTok's data, whatever else stands there."""
    items = data.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _id_of(person: object) -> object:
    return person.get("id") if isinstance(person, dict) else None


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str], *_: object) -> TikTokClient:
    """The client, with the base URL from settings: `url("tiktok_api")`."""
    return TikTokClient(http, secrets, url("tiktok_api"))
