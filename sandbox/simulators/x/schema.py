"""What X's calls accept, and how its API says no.

Source: docs.x.com, openapi.json 2.167, and x-api/fundamentals/response-codes-and-errors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sandbox.stage.web import Call

_PROBLEMS = "https://api.x.com/2/problems/"
MOST_CHARACTERS = 10_000  # of a message's text: developer.x.com, direct-messages
NumberId = Annotated[str, Meta(pattern=r"^[0-9]{1,19}\Z")]
NonEmpty = Annotated[str, Meta(min_length=1)]
Base64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/=_-]+\Z")]

# Of the words, some are X's own as public logs have them: payloads of 2023 to 2026.
CLOSED = "You do not have permission to DM one or more participants."
NOT_PERMITTED = "This operation is not permitted."
WRONG_MEDIA = "You are not permitted to attach this media to a DM event"


class XError(Exception):
    """A refusal: the HTTP status and the JSON that goes with it."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body.get("detail", body)))
        self.status, self.body, self.headers = status, body, headers or {}


def problem(status: int, detail: str = "", *, kind: str = "", title: str = "", **more: Any) -> XError:
    """A refusal in X's form; `kind` is the end of its `type`."""
    phrase = HTTPStatus(status).phrase
    told = {
        "title": title or phrase,
        "detail": detail or phrase,
        "type": f"{_PROBLEMS}{kind}" if kind else "about:blank",
    }
    return XError(status, {**told, "status": status, **more})


def invalid(message: str, **parameters: str) -> XError:
    """400: something of the request is wrong."""
    told = {"parameters": {name: [value] for name, value in parameters.items()}, "message": message}
    detail = "One or more parameters to your request was invalid."
    return problem(400, detail, kind="invalid-request", title="Invalid Request", errors=[told])


def missing(what: str, named: str) -> XError:
    """404: there is nothing of that name."""
    detail = f"Could not find {what} with id: [{named}]."
    more = {"resource_type": what, "resource_id": named, "parameter": "id", "value": named}
    return problem(404, detail, kind="resource-not-found", title="Not Found Error", **more)


def unauthorized() -> XError:
    return problem(401)


def forbidden(detail: str = "") -> XError:
    return problem(403, detail)


def credits_exhausted() -> XError:
    """402: which body goes with it is not documented."""
    detail = "Your enrolled account does not have any credits to fulfill this request."
    return problem(402, detail, kind="credits", title="CreditsDepleted")


def failed(reason: str, detail: str) -> XError:
    """400 of the calls on webhooks and subscriptions, with the reason that their pages list."""
    return problem(400, detail, kind="invalid-request", title=reason, errors=[{"message": f"{reason}: {detail}"}])


class Strict(Struct, forbid_unknown_fields=True):
    """An object in which an unknown key is an error."""


class Attached(Strict):
    media_id: NumberId


class DmBody(Strict):
    """A plain message, or its first in a new conversation: one file at most (x-api/direct-messages/manage)."""

    text: Annotated[str, Meta(min_length=1, max_length=MOST_CHARACTERS)] = ""
    attachments: Annotated[list[Attached], Meta(min_length=1, max_length=1)] | None = None

    def __post_init__(self) -> None:
        if not (self.text or self.attachments):
            raise ValueError("at least one of `text`, `attachments` is required")


class WebhookBody(Strict):
    url: Annotated[str, Meta(min_length=1, max_length=200)]


class ReplayBody(Strict):
    webhook_id: NumberId
    from_date: Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
    to_date: Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]


class Filter(Strict):
    user_id: NumberId = ""
    direction: Literal["inbound", "outbound"] | None = None
    keyword: str | None = None


EVENT_TYPES = (
    "dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent", "chat.conversation_join",
    "oauth.revoke",
)  # fmt: skip
ALIASES = {"chat.conversation.join": "chat.conversation_join"}


class SubscriptionBody(Strict):
    event_type: NonEmpty
    filter: Filter
    tag: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    webhook_id: NumberId | UnsetType = UNSET

    def __post_init__(self) -> None:
        self.event_type = ALIASES.get(self.event_type, self.event_type)
        if self.event_type not in EVENT_TYPES:
            raise ValueError(f"event_type must be one of: {', '.join(EVENT_TYPES)}")
        if not self.filter.user_id and self.event_type != "oauth.revoke":
            raise ValueError("filter.user_id is required")


class ChatMessageBody(Struct):
    """An encrypted message, as chatxdk has made it."""

    message_id: NonEmpty
    encoded_message_create_event: Base64
    encoded_message_event_signature: Base64 | None = None
    conversation_token: str | None = None


class Signed(Struct):
    public_key_version: NonEmpty
    signature: NonEmpty
    signature_version: NonEmpty
    signing_public_key: str | None = None


class ActionSignature(Struct):
    message_id: NonEmpty
    encoded_message_event_detail: Base64
    message_event_signature: Signed
    signature_payload: str | None = None


class DeleteBody(Struct):
    sequence_ids: Annotated[list[NonEmpty], Meta(min_length=1)]
    delete_message_action: Literal["delete_for_all", "delete_for_self"]
    action_signatures: Annotated[list[ActionSignature], Meta(min_length=1)]
    media_hash_keys: list[str] = []


class ParticipantKey(Struct):
    user_id: NumberId
    encrypted_conversation_key: NonEmpty
    public_key_version: NonEmpty


class KeysBody(Struct):
    conversation_key_version: NonEmpty
    conversation_participant_keys: Annotated[list[ParticipantKey], Meta(min_length=1)]
    action_signatures: Annotated[list[ActionSignature], Meta(min_length=1)]
    base64_encoded_key_rotation: str | None = None


class ReadBody(Struct):
    seen_until_sequence_id: NonEmpty


class PublicKey(Struct):
    public_key: NonEmpty
    signing_public_key: NonEmpty
    identity_public_key_signature: NonEmpty
    signing_public_key_signature: str = ""
    public_key_fingerprint: str = ""
    registration_method: str = ""


class PublicKeyBody(Struct):
    version: NonEmpty
    public_key: PublicKey
    generate_version: bool = False


_Category = Literal[
    "amplify_video", "tweet_gif", "tweet_image", "tweet_video", "dm_gif", "dm_image", "dm_video", "subtitles"
]
_Type = Literal[
    "video/mp4", "video/webm", "video/mp2t", "video/quicktime", "text/srt", "text/vtt", "image/jpeg", "image/gif",
    "image/bmp", "image/png", "image/webp", "image/pjpeg", "image/tiff", "model/gltf-binary", "model/vnd.usdz+zip",
]  # fmt: skip


class InitializeBody(Strict):
    media_type: _Type
    media_category: _Category
    total_bytes: Annotated[int, Meta(ge=0, le=17_179_869_184)]
    shared: bool = False
    additional_owners: list[NumberId] = []


class UploadBody(Strict):
    """The upload in one go."""

    media: bytes
    media_category: _Category
    media_type: _Type | None = None
    shared: bool = False
    additional_owners: str = ""


class AppendBody(Strict):
    media: bytes
    segment_index: Annotated[int, Meta(ge=0, le=999)]


class ChatInitializeBody(Strict):
    conversation_id: NonEmpty
    total_bytes: Annotated[int, Meta(ge=0)]


class ChatAppendBody(Strict):
    conversation_id: NonEmpty
    media: bytes
    media_hash_key: NonEmpty
    segment_index: Annotated[int, Meta(ge=0, le=999)]


class ChatFinalizeBody(Strict):
    conversation_id: NonEmpty
    media_hash_key: NonEmpty
    num_parts: Annotated[str, Meta(pattern=r"^[0-9]{1,4}\Z")]
    message_id: str | None = None
    ttl_msec: str | None = None


class RefreshForm(Struct):
    grant_type: Literal["refresh_token"]
    refresh_token: NonEmpty
    client_id: str = ""


Shape = TypeVar("Shape", bound=Struct)


def parsed(call: Call, shape: type[Shape]) -> Shape:
    """The call's JSON as X wants it; XError 400 otherwise."""
    try:
        return msgspec.json.decode(call.body or b"{}", type=shape)
    except (ValueError, RecursionError) as error:  # what msgspec raises is a ValueError, too
        raise invalid(f"{error}") from error


def convert(values: Mapping[str, object], shape: type[Shape]) -> Shape:
    """A form's or a multipart body's values as X wants them; XError 400 otherwise."""
    try:
        return msgspec.convert(values, shape, strict=False)
    except ValueError as error:
        raise invalid(f"{error}") from error


def fields(call: Call, name: str, known: Collection[str]) -> list[str]:
    """The values of a list in the query; one that X does not know fails the whole request."""
    named = [one for one in call.query.get(name, "").split(",") if one]
    for one in named:
        if one not in known:
            words = f"The `{name}` query parameter value [{one}] is not one of [{','.join(known)}]"
            raise invalid(words, **{name: one})
    return named


def whole(call: Call, name: str, default: int, most: int) -> int:
    """A number of the query, from 1 to `most`."""
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid(f"The `{name}` query parameter value [{text}] is not between 1 and {most}", **{name: text})
    return int(text)
