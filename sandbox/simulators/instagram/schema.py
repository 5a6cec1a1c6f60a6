"""What Instagram's Send API accepts, and the Graph API's errors.

Source: developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api and
its send-message pages; error codes: developers.facebook.com/docs/messenger-platform/error-codes.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from sandbox.stage.web import Call

MAX_TEXT = 1000  # bytes of UTF-8, not characters
BAD_MESSAGE = 2534015
NO_SUCH_USER = 2534014
# What Meta says where only its words tell: an app that is switched off (github.com/chatwoot/chatwoot/issues/14932).
SAID: dict[tuple[int, int | None], str] = {(100, None): "Unsupported request - method type: post"}
NonEmpty = Annotated[str, Meta(min_length=1)]
Url = Annotated[str, Meta(pattern=r"^https?://\S+$")]
Title = Annotated[str, Meta(min_length=1, max_length=80)]


class GraphError(Exception):
    """A refusal in the Graph API's error envelope, answered with HTTP `status`."""

    def __init__(
        self,
        code: int,
        message: str,
        subcode: int | None = None,
        *,
        status: int = 400,
        type: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode = code, message, subcode
        self.status, self.type = status, type


class Strict(Struct, forbid_unknown_fields=True):
    """An object in which an unknown key is an error."""


class Recipient(Strict):
    id: NonEmpty | None = None
    comment_id: NonEmpty | None = None


class Reaction(Strict):
    message_id: NonEmpty
    reaction: NonEmpty | None = None


class ReplyTo(Strict):
    mid: NonEmpty


class SendBody(Strict):
    recipient: Recipient
    message: dict[str, Any] | None = None
    reply_to: ReplyTo | None = None
    sender_action: Literal["typing_on", "typing_off", "mark_seen", "react", "unreact"] | None = None
    payload: Reaction | None = None
    messaging_type: Literal["RESPONSE", "UPDATE", "MESSAGE_TAG"] | None = None
    tag: str | None = None


class QuickReply(Strict):
    # phone and e-mail are gone since 2026-10-05: developers.facebook.com/docs/instagram-platform/changelog
    content_type: Literal["text"]
    title: Annotated[str, Meta(max_length=20)] | None = None
    payload: str | None = None
    image_url: Url | None = None


class MediaPayload(Strict):
    url: Url | None = None
    attachment_id: NonEmpty | None = None
    is_reusable: bool = False

    def __post_init__(self) -> None:
        if (self.url is None) is (self.attachment_id is None):
            raise ValueError("exactly one of url and attachment_id is needed")


class Image(Strict, tag_field="type", tag="image"):
    payload: MediaPayload


class Video(Strict, tag_field="type", tag="video"):
    payload: MediaPayload


class Audio(Strict, tag_field="type", tag="audio"):
    payload: MediaPayload


class File(Strict, tag_field="type", tag="file"):
    payload: MediaPayload


class LikeHeart(Strict, tag_field="type", tag="like_heart"):
    pass


class PostId(Strict):
    id: NonEmpty


class MediaShare(Strict, tag_field="type", tag="MEDIA_SHARE"):
    payload: PostId


class WebUrl(Strict, tag_field="type", tag="web_url"):
    url: Url
    title: NonEmpty | None = None


class Postback(Strict, tag_field="type", tag="postback"):
    title: NonEmpty
    payload: NonEmpty


class Element(Strict):
    title: Title
    subtitle: Annotated[str, Meta(max_length=80)] | None = None
    image_url: Url | None = None
    default_action: WebUrl | None = None
    buttons: Annotated[list[WebUrl | Postback], Meta(min_length=1, max_length=3)] | None = None


class Generic(Strict, tag_field="template_type", tag="generic"):
    elements: Annotated[list[Element], Meta(min_length=1, max_length=10)]


class Buttons(Strict, tag_field="template_type", tag="button"):
    text: Annotated[str, Meta(min_length=1, max_length=640)]
    buttons: Annotated[list[WebUrl | Postback], Meta(min_length=1, max_length=3)]


class Products(Strict, tag_field="template_type", tag="product"):
    elements: Annotated[list[PostId], Meta(min_length=1, max_length=10)]


class Template(Strict, tag_field="type", tag="template"):
    payload: Generic | Buttons | Products


class Message(Strict):
    """One message: text (with quick replies), or one attachment, or up to ten images; never a mix. `metadata` is the
    app's own, documented for Messenger: .../messenger-platform/reference/send-api"""

    text: NonEmpty | None = None
    quick_replies: Annotated[list[QuickReply], Meta(min_length=1, max_length=13)] | None = None
    attachment: Image | Video | Audio | File | LikeHeart | MediaShare | Template | None = None
    attachments: Annotated[list[Image], Meta(min_length=1, max_length=10)] | None = None
    metadata: Annotated[str, Meta(max_length=1000)] | None = None

    def __post_init__(self) -> None:
        if [self.text, self.attachment, self.attachments].count(None) != 2:
            raise ValueError("exactly one of text, attachment and attachments is needed")
        if self.quick_replies and self.text is None:
            raise ValueError("quick_replies go with text")
        if self.text is not None and len(self.text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
            raise ValueError(f"text is longer than {MAX_TEXT} bytes")


def parse_send(call: Call) -> SendBody:
    """The body of a POST to .../messages, checked; GraphError 100 otherwise."""
    try:
        body = msgspec.convert(call.json(), SendBody)
    except ValueError as error:  # what JSON decoding and msgspec raise alike
        raise GraphError(100, f"Invalid parameter: {error}") from error
    _check_envelope(body)
    if body.message is not None:
        try:
            msgspec.convert(body.message, Message)
        except msgspec.ValidationError as error:
            raise GraphError(100, f"Invalid message data: {error}", BAD_MESSAGE) from error
    return body


def _check_envelope(body: SendBody) -> None:
    reacts = body.sender_action in ("react", "unreact")
    to = body.recipient
    for wrong, message in (
        ((to.id is None) is (to.comment_id is None), "one of recipient.id and recipient.comment_id"),
        ((body.message is None) is (body.sender_action is None), "one of message and sender_action"),
        (reacts is (body.payload is None), "payload goes with react and unreact, and only with them"),
        (body.sender_action == "react" and body.payload and not body.payload.reaction, "payload.reaction"),
        # since 2026-04-27 no other tag is supported
        (body.tag not in (None, "HUMAN_AGENT"), "tag: only HUMAN_AGENT is supported"),
        (body.messaging_type == "MESSAGE_TAG" and body.tag is None, "MESSAGE_TAG needs a tag"),
        (to.comment_id and body.message is None, "a private reply needs a message"),
        (body.reply_to and (to.comment_id or body.message is None), "reply_to goes with a message to a person"),
    ):
        if wrong:
            raise GraphError(100, f"Invalid parameter: {message}")
