"""X's history of plain messages, as it is asked for and read: docs.x.com/x-api/direct-messages/lookup."""

from __future__ import annotations

from html import unescape

from chalicelib.channels.x.schema import milliseconds
from chalicelib.channels.x.wording import words
from chalicelib.fields import Fields
from chalicelib.protocols.history import Held
from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.records import Account

PAGE = 100
# Who sent a message is told where it is expanded: openapi.json 2.167 does not know it as a field, the page does.
QUERY = {
    "event_types": "MessageCreate",
    "max_results": str(PAGE),
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,text",
    "expansions": "attachments.media_keys,sender_id",
    "media.fields": "duration_ms,media_key,type,url,variants",
    "user.fields": "name,profile_image_url,public_metrics,username,verified",
}
KINDS: dict[str, Kind] = {"photo": "image", "animated_gif": "image", "video": "video"}


def messages(page: Fields) -> list[Fields]:
    """The messages of a page, the newest first, as X has them."""
    return [event for event in page.each("data") if event.text("event_type") in {"MessageCreate", ""}]


def media_keys(event: Fields) -> list[str]:
    """By what the page calls the message's files: a kind, and the id under which each was uploaded."""
    keys = event.at("attachments").value("media_keys")
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def own_words(event: Fields) -> str:
    """What was written, without the link that X puts there for a file."""
    beside = Fields({"type": "file"} if media_keys(event) else None)
    return words(event.text("text"), event.at("entities").each("urls"), beside)


def held(account: Account, page: Fields, event: Fields, text: str, mark: str, media_id: str) -> Held:
    """A message as it is compared with what was sent: `text` under that mark, or the file of that id."""
    ours = any(key.rpartition("_")[2] == media_id for key in media_keys(event)) if media_id else False
    kinds = {one.text("media_key"): one.text("type") for one in page.at("includes").each("media")}
    kind = next((KINDS.get(kinds.get(key, "")) for key in media_keys(event)), None)
    return Held(
        id=event.text("id"),
        sent_s=milliseconds(event.text("created_at")) / 1000,
        own=event.text("sender_id") == account.id,
        mark=mark if ours else "",
        text=_likest(event, text),
        kind=kind,
    )


def _likest(event: Fields, text: str) -> str:
    """The message's words in that form, of all that X may have given them, which is the text's own: X shortens every
    link, says where it leads and how it is shown, and may escape three characters."""
    told, links = event.text("text"), event.at("entities").each("urls")
    shown = told
    for link in links:
        shown = shown.replace(link.text("url"), link.text("display_url"))
    forms = [form for one in (own_words(event), shown, told) for form in (one, unescape(one))]
    return next((form for form in forms if form.strip() == text.strip()), forms[0])
