"""What Genesys Cloud accepts on the four inbound Open Messaging endpoints, and how it refuses the rest.

Sources: the API's published schema (OpenInboundNormalizedMessage, ...Event, ...Receipt and
OpenInboundStructuredResponseMessage) and developer.genesys.cloud/commdigital/digital/openmessaging/.
Properties the schema does not name are tolerated, as by the real service.
"""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from sandbox.stage.web import Call

MAX_BODY = 512_000  # bytes: developer.genesys.cloud/organization/organization/limits, request.bytes.max
MAX_CUSTOM_ATTRIBUTES = 2048  # bytes: the platform's limit for web messaging; none is published for Open
MALFORMED = "The request could not be understood by the server due to malformed syntax."
NO_CONTENT = (
    "should have required property 'content', should have required property '.text', should match some schema in anyOf"
)
ID_TYPES = ("Email", "Phone", "Opaque")
MEDIA_TYPES = ("Image", "Video", "Audio", "File", "Link")
RECEIPT_STATUSES = ("Sent", "Delivered", "Failed", "Published", "Removed")
# .../openmessaging/inboundReceiptMessages: "supports 2 statuses"
ACCEPTED_STATUSES = ("Delivered", "Failed")
REASONS = (
    "MessageExpired",
    "RateLimited",
    "MessageNotAllowed",
    "GeneralError",
    "UnsupportedMessage",
    "UnknownMessage",
    "InvalidMessageStructure",
    "InvalidDestination",
    "ServerError",
    "MediaTypeNotAllowed",
    "InvalidMediaContentLength",
    "RecipientOptedOut",
    "DataFiltered",
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")

NonEmpty = Annotated[str, Meta(min_length=1)]
Scalar = str | int | float | bool | None
StringMap = dict[str, Scalar]  # an object inside is a 400: developer.genesys.cloud/forum/t/26014


class ApiError(Exception):
    """A refusal, as the API's ErrorBody: HTTP `status`, `code` and `message`; `retry_after` in seconds."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


class Sender(Struct, rename="camel"):
    id: NonEmpty
    id_type: str
    nickname: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    image: str | None = None


class ChannelMetadata(Struct, rename="camel"):
    sub_type: str | None = None
    custom_attributes: StringMap | None = None


class Channel(Struct, rename={"sender": "from", "message_id": "messageId"}):
    sender: Sender
    time: str
    message_id: str | None = None
    metadata: ChannelMetadata | None = None


class Attachment(Struct, rename="camel"):
    media_type: str
    url: NonEmpty
    mime: NonEmpty


class ContentItem(Struct, rename="camel"):
    attachment: Attachment
    content_type: str = "Attachment"


class Message(Struct):
    channel: Channel
    text: str | None = None
    content: list[ContentItem] | None = None
    metadata: StringMap | None = None


class OpenEvent(Struct, rename="camel"):
    event_type: str


class Event(Struct):
    channel: Channel
    events: Annotated[list[OpenEvent], Meta(min_length=1)]


class Receiver(Struct):
    id: NonEmpty


class ReceiptChannel(Struct):
    to: Receiver
    time: str


class Reason(Struct):
    code: str
    message: str


class Receipt(Struct, rename="camel"):
    id: NonEmpty
    channel: ReceiptChannel
    status: str
    reasons: list[Reason] | None = None
    is_final_receipt: bool | None = None


class ButtonResponse(Struct):
    type: str
    text: str
    payload: str


class StructuredResponse(Struct, rename="camel"):
    channel: Channel
    button_response: ButtonResponse
    originating_message_id: NonEmpty


Shape = TypeVar("Shape", Message, Event, Receipt, StructuredResponse)


def json_body(call: Call) -> Any:
    """The call's JSON, or an ApiError: 415 for another content type, 413 when too large, 400 when no JSON."""
    if call.header("Content-Type").split(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "unsupported.media.type", "The content type must be application/json.")
    if len(call.body) > MAX_BODY:
        raise ApiError(413, "request.entity.too.large", f"Over the size limit. Maximum bytes: {MAX_BODY}")
    try:
        return msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, "bad.request", f"{MALFORMED} {error}") from error


def parse(call: Call, shape: type[Shape]) -> tuple[Shape, dict[str, Any]]:
    """The call's body checked against `shape`: the typed view and the body as sent; ApiError otherwise."""
    body = json_body(call)
    try:
        parsed = msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise ApiError(400, "bad.request", f"{MALFORMED} {error}") from error
    _check(parsed)
    return parsed, body


def _check(parsed: Message | Event | Receipt | StructuredResponse) -> None:
    check_time(parsed.channel.time)
    if isinstance(parsed, Receipt):
        _check_receipt(parsed)
        return
    _one_of("idType", parsed.channel.sender.id_type, ID_TYPES)
    _check_attributes(parsed.channel.metadata)
    if isinstance(parsed, Message):
        _check_message(parsed)
    elif isinstance(parsed, Event):
        for event in parsed.events:
            _one_of("eventType", event.event_type, ("Typing",))
    else:
        _one_of("type", parsed.button_response.type, ("Button", "QuickReply", "DatePicker"))


def check_time(time: str) -> None:
    """Refuse a channel.time that is not `yyyy-MM-ddTHH:mm:ss[.mmm]Z`, the format the schema documents."""
    try:
        if _TIME.fullmatch(time):
            datetime.fromisoformat(time)
            return
    except ValueError:
        pass
    raise ApiError(400, "invalid.date", f"Value [{time}] is not a valid date: use yyyy-MM-ddTHH:mm:ss[.mmm]Z")


def _check_attributes(metadata: ChannelMetadata | None) -> None:
    attributes = metadata and metadata.custom_attributes
    if attributes and len(msgspec.json.encode(attributes)) > MAX_CUSTOM_ATTRIBUTES:
        raise ApiError(400, "bad.request", f"customAttributes exceed {MAX_CUSTOM_ATTRIBUTES} bytes")


def _check_message(message: Message) -> None:
    if message.text == "" or (message.text is None and not message.content):
        raise ApiError(400, "bad.request", NO_CONTENT)
    items = message.content or []
    if len(items) > 1:  # "if contentType=Attachment only one item is allowed" (OpenMessageContent.contentType)
        raise ApiError(400, "bad.request", "Only one attachment is allowed in content.")
    for item in items:
        _one_of("contentType", item.content_type, ("Attachment",))
        _one_of("mediaType", item.attachment.media_type, MEDIA_TYPES)
        if not item.attachment.url.startswith(("http://", "https://")) or "/" not in item.attachment.mime:
            raise ApiError(400, "bad.request", "An attachment needs an http(s) url and a mime type.")


def _check_receipt(receipt: Receipt) -> None:
    _one_of("status", receipt.status, RECEIPT_STATUSES)
    _one_of("status", receipt.status, ACCEPTED_STATUSES)
    for reason in receipt.reasons or []:
        _one_of("code", reason.code, REASONS)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    # The documentation itself writes enums in other cases ("email"): the service compares without case.
    if value.lower() not in {item.lower() for item in allowed}:
        options = ", ".join(allowed)
        raise ApiError(
            400,
            "invalid.value",
            f"Value [{value}] is not valid for field type [{name}]. Allowable values are: {options}",
        )
