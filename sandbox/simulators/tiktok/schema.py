"""What TikTok's Business Messaging calls accept, and the errors of the API for Business.

Source: TikTok portal docs 1832184403754242 (send), 1832184455450626 (download), 1836061597865986 (capabilities),
1832184425841170 (messages) and 1737172488964097 (codes). Errors are HTTP 200 with a code that is not 0.
"""

import json
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from sandbox.stage.web import Call

NO_PERMISSION = 40001
BAD_PARAMETER = 40002
NOT_FOUND = 40007
BLOCKED = 40064  # every rule of direct messages has this code
NonEmpty = Annotated[str, Meta(min_length=1)]


class TikTokError(Exception):
    """A refusal: `code` and message in the body; `status` is 200 but for faults and unknown paths."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Strict(Struct, forbid_unknown_fields=True):
    """An object in which an unknown key is an error."""


class Text(Strict):
    body: Annotated[str, Meta(min_length=1, max_length=6000)]


class Image(Strict):
    media_id: NonEmpty


class SharePost(Strict):
    item_id: NonEmpty


class Button(Strict):
    type: Literal["REPLY"]
    title: Annotated[str, Meta(min_length=1, max_length=40)]
    id: Annotated[str, Meta(max_length=40)] = ""


class Template(Strict):
    type: Literal["QA_BUTTON_CARD", "QA_LINK_CARD"]
    title: Annotated[str, Meta(min_length=1, max_length=40)]
    buttons: Annotated[list[Button], Meta(min_length=1, max_length=3)]

    def __post_init__(self) -> None:
        longest = 20 if self.type == "QA_BUTTON_CARD" else 40
        if any(len(button.title) > longest for button in self.buttons):
            raise ValueError(f"a button's title of a {self.type} has at most {longest} characters")


class Quoted(Strict):
    referenced_message_id: NonEmpty


class CommentReply(Strict):
    comment_id: NonEmpty


class DirectReply(Strict):
    reply_type: Literal["COMMENT_REPLY"]
    comment_reply: CommentReply


class SendBody(Strict):
    business_id: NonEmpty
    message_type: Literal["TEXT", "IMAGE", "SHARE_POST", "TEMPLATE", "SENDER_ACTION"]
    recipient_type: Literal["CONVERSATION"] | None = None
    recipient: NonEmpty | None = None
    direct_reply: DirectReply | None = None
    text: Text | None = None
    image: Image | None = None
    share_post: SharePost | None = None
    template: Template | None = None
    sender_action: Literal["TYPING", "MARK_READ"] | None = None
    referenced_message_info: Quoted | None = None

    def __post_init__(self) -> None:
        kinds = ("text", "image", "share_post", "template", "sender_action")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if given != [self.message_type.lower()]:
            raise ValueError(f"{self.message_type} goes with {self.message_type.lower()} and nothing else")
        if self.referenced_message_info and not self.text:
            raise ValueError("referenced_message_info goes with TEXT")
        addressed = (self.recipient_type is not None, self.recipient is not None)
        if addressed != ((False, False) if self.direct_reply else (True, True)):
            raise ValueError("recipient_type and recipient, or direct_reply in their place")
        if self.direct_reply and self.sender_action:
            raise ValueError("a sender action goes to a conversation")


class DownloadBody(Strict):
    business_id: NonEmpty
    conversation_id: NonEmpty
    message_id: NonEmpty
    media_id: NonEmpty
    media_type: Literal["IMAGE", "VIDEO"]


class ContentQuery(Strict):
    business_id: NonEmpty
    conversation_id: NonEmpty


class ConversationsQuery(Strict):
    """TikTok portal doc 1832184415059970."""

    business_id: NonEmpty
    conversation_type: Literal["SINGLE", "STRANGER"]
    limit: Annotated[str, Meta(pattern=r"^([1-9]\d?|100)$")] = "20"
    cursor: Annotated[str, Meta(pattern=r"^\d{1,15}$")] = "0"


class CapabilityQuery(Strict):
    business_id: NonEmpty
    conversation_id: NonEmpty
    conversation_type: Literal["SINGLE", "STRANGER"]
    capability_types: str

    def __post_init__(self) -> None:
        if json.loads(self.capability_types) != ["IMAGE_SEND"]:
            raise ValueError('capability_types is ["IMAGE_SEND"]')


class RefreshBody(Struct):
    client_id: NonEmpty
    client_secret: NonEmpty
    grant_type: Literal["refresh_token"]
    refresh_token: NonEmpty


class WebhookBody(Struct):
    app_id: NonEmpty
    secret: NonEmpty
    event_type: Literal["DIRECT_MESSAGE", "BRAND_MENTION", "COMMENT", "VIDEO"]
    callback_url: Annotated[str, Meta(pattern=r"^https?://\S+$")]


class WebhookQuery(Struct):
    app_id: NonEmpty
    secret: NonEmpty
    event_type: Literal["DIRECT_MESSAGE", "BRAND_MENTION", "COMMENT", "VIDEO"]


class WebhookDelete(Struct):
    app_id: NonEmpty
    secret: NonEmpty
    event_type: Literal["DIRECT_MESSAGE"]


class TokenInfoBody(Struct):
    app_id: NonEmpty
    access_token: NonEmpty


Shape = TypeVar("Shape", bound=Struct)


def parse(call: Call, shape: type[Shape]) -> Shape:
    """The call's JSON (or the query of a GET) checked against `shape`; TikTokError 40002 otherwise."""
    try:
        return msgspec.convert(call.query if call.method == "GET" else call.json(), shape)
    except ValueError as error:  # what JSON decoding and msgspec raise alike
        raise TikTokError(BAD_PARAMETER, f"Param is invalid: {error}") from error
