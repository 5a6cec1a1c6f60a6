"""What a simulated TikTok remembers of the webhooks it delivered, and the events it makes itself."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.simulators.tiktok.schema import BAD_PARAMETER, BLOCKED, SendBody, TikTokError
from sandbox.stage.people import display_name, username
from sandbox.stage.web import to_json

_WINDOW_S = 48 * 3600.0  # TikTok portal doc 1832184403754242, for messages and for comments
_LISTED_S = 90 * 86_400.0  # TikTok portal doc 1832184415059970
_QUIET_S = 24 * 3600.0  # the same page: a comment's author and the account must not have written to each other


@dataclass
class Conversation:
    """A thread of a business with one person: when the person last wrote and when anybody did (epoch seconds),
    whether the business ever answered, and the contents of its messages, oldest first."""

    id: str
    business_id: str
    customer_id: str
    customer_name: str
    wrote: float | None = None
    last: float | None = None
    answered: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """STRANGER until the business has answered, SINGLE from then on: TikTok portal doc 1836061597865986."""
        return "SINGLE" if self.answered else "STRANGER"

    def check_open(self, now: float) -> None:
        """TikTokError once the person wrote too long ago, or never did."""
        if self.wrote is None or now - self.wrote > _WINDOW_S:
            raise TikTokError(BLOCKED, "The message is blocked: 48 hours have passed since the last one.")

    def sent(self, content: dict[str, Any], now: float) -> None:
        """The business wrote."""
        self.history.append(content)
        self.answered, self.last = True, now


@dataclass
class Comment:
    """A comment that TikTok told as one of high intent, `at` epoch seconds."""

    customer_id: str
    customer_name: str
    at: float
    answered: bool = False


@dataclass
class Inbox:
    """The conversations and comments by business and id."""

    conversations: dict[tuple[str, str], Conversation] = field(default_factory=dict)
    comments: dict[tuple[str, str], Comment] = field(default_factory=dict)

    def note(self, payload: Any, now: float) -> None:
        """Learn from a webhook about to be delivered; whatever its shape, it never fails."""
        business_id, content = _opened(payload)
        event = payload.get("event") if isinstance(payload, dict) else None
        if event == "im_receive_high_intent_comment" and isinstance(content.get("comment_id"), str):
            comment = Comment(_person(content), str(content.get("from", "")), now)
            self.comments.setdefault((business_id, content["comment_id"]), comment)
        conversation_id = content.get("conversation_id")
        if event == "im_send_msg":
            self._written_in_the_app((business_id, str(conversation_id)), content)
        if event not in ("im_receive_msg", "im_referral_msg") or not isinstance(conversation_id, str):
            return
        conversation = self.conversation(business_id, conversation_id, _person(content), str(content.get("from", "")))
        if event == "im_receive_msg" and content.get("type") != "reaction":
            conversation.wrote = conversation.last = now
            conversation.history.append(content)

    def _written_in_the_app(self, conversation: tuple[str, str], content: dict[str, Any]) -> None:
        thread = self.conversations.get(conversation)
        if thread is not None and content.get("type") != "reaction":
            thread.history.append(content)

    def conversation(self, business_id: str, conversation_id: str, customer_id: str, name: str) -> Conversation:
        """The conversation of this id, made where there is none."""
        fresh = Conversation(conversation_id, business_id, customer_id, name)
        return self.conversations.setdefault((business_id, conversation_id), fresh)

    def of(self, business_id: str, customer_id: str) -> Conversation | None:
        """The business's conversation with this person."""
        known = (one for one in self.conversations.values() if one.business_id == business_id)
        return next((one for one in known if one.customer_id == customer_id), None)

    def commenter(self, business_id: str, comment_id: str, now: float) -> Conversation:
        """The conversation with the author of a comment, who may be written to once; TikTokError otherwise."""
        comment = self.comments.get((business_id, comment_id))
        if comment is None:
            raise TikTokError(BAD_PARAMETER, "Param comment_id is invalid.")
        made = conversation_id_of(business_id, comment.customer_id)
        thread = self.of(business_id, comment.customer_id) or self.conversation(
            business_id, made, comment.customer_id, comment.customer_name
        )
        for blocked, why in (
            (comment.answered, "the comment has been answered"),
            (now - comment.at > _WINDOW_S, "48 hours have passed since the comment"),
            (thread.last is not None and now - thread.last < _QUIET_S, "there were messages in the past 24 hours"),
        ):
            if blocked:
                raise TikTokError(BLOCKED, f"The message is blocked: {why}.")
        comment.answered = True
        return thread


def _person(content: dict[str, Any]) -> str:
    person = content.get("from_user")
    return str(person.get("id", "")) if isinstance(person, dict) else ""


def _opened(payload: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(payload, dict):
        return "", {}
    content = payload.get("content")
    try:
        inner = json.loads(content) if isinstance(content, str) else content
    except ValueError:
        inner = None
    return str(payload.get("user_openid", "")), inner if isinstance(inner, dict) else {}


def new_message_id() -> str:
    """A message id of the real form: 28 characters of base64 with + / and = in it."""
    return base64.b64encode(b"\xfb\xf0" + secrets.token_bytes(17)).decode()


def conversation_id_of(business_id: str, customer_id: str) -> str:
    """The one conversation id of a business and a person, also with + / and = in it."""
    digest = hashlib.sha256(f"{business_id}:{customer_id}".encode()).digest()
    return base64.b64encode(b"\xfb\xf0" + digest[:17]).decode()


def between(business_id: str, customer_id: str, conversation_id: str | None = None) -> Conversation:
    """Their conversation before anything was said in it."""
    thread = conversation_id or conversation_id_of(business_id, customer_id)
    return Conversation(thread, business_id, customer_id, username(customer_id))


def webhook(client_key: str, business_id: str, event: str, content: dict[str, Any], now: float) -> bytes:
    """A webhook as TikTok writes it: `content` is JSON in a string, in UTF-8. `now` in epoch seconds."""
    envelope = {
        "client_key": client_key,
        "event": event,
        "create_time": int(now),
        "user_openid": business_id,
        "content": to_json(content).decode(),
    }
    return to_json(envelope)


def happened(conversation: Conversation, brand: str, now: float) -> dict[str, Any]:
    """What the content of every event of a customer has: who, with whom and when."""
    return {
        "timestamp": int(now * 1000),
        "unique_identifier": conversation.customer_id,
        "from_user": {"id": conversation.customer_id, "role": "personal_account"},
        "to_user": {"id": conversation.business_id, "role": "business_account"},
        "from": conversation.customer_name,
        "to": brand,
        "conversation_id": conversation.id,
    }


def message(
    conversation: Conversation, brand: str, message_id: str, said: dict[str, Any], now: float, *, echo: bool
) -> dict[str, Any]:
    """The content of im_receive_msg, or of im_send_msg for an `echo` of what was sent through the API."""
    customer = {"id": conversation.customer_id, "role": "personal_account"}
    business = {"id": conversation.business_id, "role": "business_account"}
    return {
        "timestamp": int(now * 1000),
        "unique_identifier": conversation.customer_id,
        "from_user": business if echo else customer,
        "to_user": customer if echo else business,
        "from": brand if echo else conversation.customer_name,
        "to": conversation.customer_name if echo else brand,
        "conversation_id": conversation.id,
        "message_id": message_id,
        **said,
        "scene_type": 0,
        "is_follower": True,
        "message_tag": {"source": "API" if echo else "APP"},
    }


def echoed(body: SendBody) -> dict[str, Any]:
    """What was sent, as the content of a webhook has it."""
    kind = body.message_type.lower()
    said: dict[str, Any] = {"type": kind, kind: msgspec.to_builtins(getattr(body, kind))}
    if body.template:
        buttons = [{"text": one.title, "type": one.type, "id": one.id} for one in body.template.buttons]
        elements = [{"title": body.template.title, "buttons": buttons}]
        said["template"] = {"type": body.template.type.lower(), "elements": elements}
    if body.share_post:
        item_id = body.share_post.item_id
        embed_url = f"https://www.tiktok.com/player/v1/{item_id}"
        said["share_post"] = {"video_id": item_id, "embed_url": embed_url}
    if body.referenced_message_info:
        said["referenced_message_info"] = msgspec.to_builtins(body.referenced_message_info)
    return said


def tapped(conversation: Conversation, message_id: str, choice: str) -> dict[str, Any]:
    """What the customer says by tapping a button of a template, named by its id or text; ValueError where the
    business sent no such template."""
    for content in conversation.history:
        if content.get("message_id") == message_id:
            for button in _card(content)["buttons"]:
                if choice in (button["id"], button["title"]):
                    source = {"reply_source_msg_id": message_id, "reply_source_unique_id": button["id"]}
                    return {"type": "text", "text": {"body": button["title"]}, "reply_source_payload": source}
    raise ValueError(f"no template {message_id} with a button {choice} was sent to this customer")


def conversations(inbox: Inbox, business_id: str, kind: str, cursor: int, limit: int, now: float) -> dict[str, Any]:
    """The data of business/message/conversation/list/: those of 90 days in which somebody wrote, the newest first.

    TikTok portal doc 1832184415059970: it names nobody.
    """
    held = [one for one in inbox.conversations.values() if one.business_id == business_id and one.kind == kind]
    recent = [one for one in held if one.last is not None and now - one.last < _LISTED_S]
    recent.sort(key=lambda one: one.last or 0.0, reverse=True)
    page = recent[cursor : cursor + limit]
    told = [{"conversation_id": one.id, "update_time": int((one.last or 0.0) * 1000), "referral": {}} for one in page]
    return {"conversations": told, "has_more": cursor + limit < len(recent), "cursor": cursor + len(page)}


def listed(conversation: Conversation, brand: str) -> dict[str, Any]:
    """The data of business/message/content/list/: the 20 newest messages, and who takes part.

    TikTok portal doc 1832184425841170: types and roles are in capitals, unlike in webhooks.
    """
    picture = "https://p16-sign-sg.tiktokcdn.com/aweme/100x100/{}.jpeg?x-expires=4102444800"
    return {
        "participants": [
            {
                "id": conversation.business_id,
                "role": "BUSINESS_ACCOUNT",
                "profile_image": picture.format("brand"),
                "display_name": brand,
            },
            {
                "id": conversation.customer_id,
                "role": "PERSONAL_ACCOUNT",
                "profile_image": picture.format(username(conversation.customer_id)),
                "display_name": display_name(conversation.customer_id),
                "is_follower": True,
            },
        ],
        "messages": [_listed(conversation, content) for content in conversation.history[-20:]],
    }


_BLOCKS = ("text", "image", "video", "share_post", "sticker", "emoji", "referenced_message_info", "message_tag")


def _listed(conversation: Conversation, content: dict[str, Any]) -> dict[str, Any]:
    told = {name: content[name] for name in _BLOCKS if name in content}
    if "template" in content:
        told["template"] = _card(content)
    kind = str(content.get("type", "")).upper()
    return told | {
        "sender": content.get("from"),
        "recipient": content.get("to"),
        "message_id": content.get("message_id"),
        "conversation_id": conversation.id,
        "timestamp": content.get("timestamp"),
        "message_type": kind if kind.lower() in (*_BLOCKS, "template") else "OTHER",
        "from_user": _role(content.get("from_user")),
        "to_user": _role(content.get("to_user")),
    }


def _card(content: dict[str, Any]) -> dict[str, Any]:
    """A template as the API has it, of whatever shape it was in a webhook: other businesses' come as they like."""
    template = _object(content.get("template"))
    element = next(iter(_objects(template.get("elements"))), template)
    buttons = [
        {"type": str(one.get("type", "REPLY")), "title": str(one.get("text", "")), "id": str(one.get("id", ""))}
        for one in _objects(element.get("buttons"))
    ]
    kind, title = str(template.get("type", "")).upper(), str(element.get("title", ""))
    return {"type": kind, "title": title, "buttons": buttons}


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _objects(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _role(person: Any) -> Any:
    return person | {"role": str(person.get("role", "")).upper()} if isinstance(person, dict) else person
