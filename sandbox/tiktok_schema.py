"""What TikTok's Business Messaging send call accepts, and the errors of the API for Business.

Source: TikTok portal docs 1832184403754242 (send) and 1737172488964097 (codes). Errors are HTTP 200 with a
code that is not 0.
"""

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from sandbox.web import Call

BAD_PARAMETER = 40002
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
    id: Annotated[str, Meta(min_length=1, max_length=40)]


class Template(Strict):
    type: Literal["QA_BUTTON_CARD", "QA_LINK_CARD"]
    title: Annotated[str, Meta(min_length=1, max_length=40)]
    buttons: Annotated[list[Button], Meta(min_length=1, max_length=3)]


class Quoted(Strict):
    referenced_message_id: NonEmpty


class SendBody(Strict):
    business_id: NonEmpty
    recipient_type: Literal["CONVERSATION"]
    recipient: NonEmpty
    message_type: Literal["TEXT", "IMAGE", "SHARE_POST", "TEMPLATE", "SENDER_ACTION"]
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


class TokenInfoBody(Struct):
    app_id: NonEmpty
    access_token: NonEmpty


Shape = TypeVar("Shape", SendBody, RefreshBody, WebhookBody, WebhookQuery, TokenInfoBody)


def parse(call: Call, shape: type[Shape]) -> Shape:
    """The call's JSON (or the query of a GET) checked against `shape`; TikTokError 40002 otherwise."""
    try:
        return msgspec.convert(call.query if call.method == "GET" else call.json(), shape)
    except ValueError as error:  # what JSON decoding and msgspec raise alike
        raise TikTokError(BAD_PARAMETER, f"Param is invalid: {error}") from error
