"""The Graph API as far as the bridge calls it.

developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api and its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from chalicelib.channels.instagram.about import options, own
from chalicelib.channels.instagram.capabilities import CAPABILITIES
from chalicelib.channels.instagram.problems import judged
from chalicelib.credentials import Secrets
from chalicelib.errors import AccountStopped, Refused, Uncertain, Unfetched
from chalicelib.http import Answer, Outgoing
from chalicelib.protocols import history
from chalicelib.protocols.calls import access_token, harmless
from chalicelib.protocols.history import Held
from chalicelib.protocols.verdicts import Act
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.messages import CustomerMessage, Line, Mention, Mentioned, Source, Unseen
from chalicelib.vocabulary.records import Account, Conversation, Profile
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart

# Where Meta keeps what customers upload; such a URL needs no token.
HOSTS = ("fbsbx.com", "cdninstagram.com", "fbcdn.net")
PROFILE_FIELDS = (
    "name,username,profile_pic,follower_count,is_user_follow_business,is_business_follow_user,is_verified_user"
)
MESSAGE_FIELDS = "id,created_time,from,to,message"
MENTION_FIELDS = {
    "comment": ("text,username,media{permalink}", "text"),
    "media": ("caption,username,permalink", "caption,username"),
}
ACTIONS = {"typing": "typing_on", "seen": "mark_seen"}
NOT_THERE = {"wrong_person", "person_unavailable"}
# What a message may do without, by its name in the body.
MARK, QUOTE = "metadata", "reply_to"
INVALID = 100
# Meta answers when it has fetched the file, for which it takes up to 75 s; most are there within these (seconds).
FETCH_S = 20.0
# Nothing waits for what is only good to have: a profile, a post, a sign that somebody is typing (seconds).
OPTIONAL_S = 2.0
HISTORY_S = 4.0
# Meta shows the details of a conversation's 20 newest messages.
NEWEST = 20
HELD_FIELDS = "id,created_time,from,message"
_UNAPPROVED = msgspec.structs.replace(CAPABILITIES.window, human_agent_s=0.0)


class Unwanted(Exception):
    """Meta refuses the call for a field that it can do without."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class InstagramClient:
    """Acts as the account, on the host of its login: graph.instagram.com or graph.facebook.com."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, hosts: dict[str, str], version: str) -> None:
        """`hosts` maps "instagram" and "facebook" to base URLs, `version` is like "v25.0"."""
        self._http = http
        self._secrets = secrets
        self._hosts = hosts
        self._version = version
        # accounts whose sends, or whose histories, know no mark
        self._unmarked: set[tuple[str, Literal["send", "history"]]] = set()

    def window(self, account: Account) -> WindowPolicy:
        """The longer one is for people, where Meta has approved the account's app for its tag."""
        return CAPABILITIES.window if options(account).human_agent else _UNAPPROVED

    def own(self, account: Account, customer: str, username: str) -> bool:
        """By its Page's id, too."""
        return own(account, customer, username)

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """Answers the mid; raises as the protocol says. The part is within CAPABILITIES.

        The mark goes out as `metadata`, which Meta documents for Messenger and tells in echoes:
        developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes
        """
        if not (to.comment or is_person(to.customer)):
            raise Refused("no_conversation", "nobody on Instagram has this id")
        body = _envelope(to) | {"message": _message(part)}
        marked = bool(to.mark) and (account.id, "send") not in self._unmarked
        beside = ({MARK: to.mark} if marked else {}) | ({QUOTE: to.quotes} if to.quotes and not to.comment else {})
        wait = FETCH_S if isinstance(part, MediaPart) else None
        while True:
            try:
                sent = self._post(account, _beside(body, beside), wait, beside)
            except Unwanted as no:
                del beside[no.field]
                if no.field == MARK:
                    self._unmarked.add((account.id, "send"))
            else:
                return _mid(sent)

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """By the 20 newest messages of the conversation with the person, in one call, of which Meta takes two a
        second. It tells nothing of who at the brand sent one. .../instagram-platform/.../conversations-api"""
        if not is_person(to.customer):
            raise Refused("no_conversation", "Instagram names no person whose conversation could be read")
        conversations = objects(self._history(account, to.customer), "data")
        if not (conversations or to.comment):
            raise Refused("other", "Instagram shows the app no conversation with this person")
        pages = [item.get("messages") for item in conversations]
        held = [_held(account, item) for page in pages for item in objects(page, "data")]
        return history.found(held, len(held) < NEWEST, part, to.mark, since_s, taken)

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """A sender action: it stands alone in its call. .../messaging-api/sender-actions"""
        if is_person(to.customer):
            self._post(account, {"recipient": {"id": to.customer}, "sender_action": ACTIONS[action]}, OPTIONAL_S)

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """Consent comes with the first message or tap, not with a comment. .../messaging-api/user-profile"""
        if not is_person(to.customer):
            return None
        body = self._get("profile", account, to.customer, PROFILE_FIELDS, OPTIONAL_S)
        return _profile(body) if body is not None else None

    def post_url(self, account: Account, post: str) -> str:
        """The post's permalink. developers.facebook.com/docs/instagram-platform/reference/instagram-media"""
        url = words((self._get("post", account, post, "permalink", OPTIONAL_S) or {}).get("permalink"))
        return url if url.startswith("https://") else ""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """The comment, or the post, in which the account is mentioned.

        developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentioned_comment and
        .../mentioned_media. One field that is not there refuses the whole answer: the last of each are documented.
        """
        where, identifier = ("comment", mention.comment) if mention.comment else ("media", mention.post)
        if not is_person(identifier):
            return None
        for fields in MENTION_FIELDS[where]:
            asked = quote(f"mentioned_{where}.{where}_id({identifier}){{{fields}}}", safe="")
            try:
                body = self._get("post", account, account.id, asked, OPTIONAL_S)
            except AccountStopped:
                raise
            except Refused:
                continue
            return _mentioned(body.get(f"mentioned_{where}")) if body else None
        return None

    def source(self, account: Account, message: CustomerMessage) -> Source:
        """The URL of the webhook itself: Meta fetches for anybody who has it."""
        if message.media is None or not message.media.url:
            raise Unfetched("media_gone", "Instagram gave no URL")
        return Source(url=message.media.url, hosts=HOSTS)

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """The message by its mid. .../instagram-platform/.../conversations-api"""
        body = self._get("history", account, missing.origin, MESSAGE_FIELDS)
        return _unseen(account, missing, body) if body is not None else None

    def conversations(self, account: Account, query: dict[str, str], optional: Collection[str] = ()) -> dict[str, Any]:
        """A page of the account's conversations. Raises as `told`."""
        return self.told(account, f"{_node(account)}/conversations", {"platform": "instagram"} | query, optional)

    def told(
        self, account: Account, path: str, query: dict[str, str], optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """What Meta tells of the past, as the protocol says; or Unwanted, for one of the `optional` fields."""
        url = f"{self._base(account)}/{path}?{urlencode(query)}"
        return self._read("history", account, url, HISTORY_S, optional)

    def _history(self, account: Account, customer: str) -> dict[str, Any]:
        """The conversation with its newest messages, with their marks where Meta tells them."""
        optional = set() if (account.id, "history") in self._unmarked else {MARK}
        fields = ",".join((HELD_FIELDS, *optional))
        query = {"user_id": customer, "fields": f"messages.limit({NEWEST}){{{fields}}}"}
        try:
            return self.conversations(account, query, optional)
        except Unwanted:
            self._unmarked.add((account.id, "history"))
            return self._history(account, customer)
        except AccountStopped as stopped:  # who may not read may still send
            raise Refused("other", stopped.detail) from None

    def _post(
        self, account: Account, body: dict[str, Any], read_s: float | None = None, optional: Collection[str] = ()
    ) -> dict[str, Any]:
        url = f"{self._base(account)}/{_node(account)}/messages"
        headers = {**self._bearer(account), "Content-Type": "application/json"}
        answer = self._http.post(url, headers=headers, body=msgspec.json.encode(body), read_s=read_s)
        return _answered(answer, "send", optional)

    def _get(
        self, act: Act, account: Account, node: str, fields: str, read_s: float | None = None
    ) -> dict[str, Any] | None:
        """The fields of a node, None where Meta tells the account nothing of it."""
        try:
            return self._read(act, account, f"{self._base(account)}/{quote(node, safe='')}?fields={fields}", read_s)
        except Refused as error:
            if error.reason in NOT_THERE:
                return None
            raise

    def _read(
        self, act: Act, account: Account, url: str, read_s: float | None, optional: Collection[str] = ()
    ) -> dict[str, Any]:
        headers = self._bearer(account)
        return harmless(lambda: _answered(self._http.get(url, headers=headers, read_s=read_s), act, optional))

    def _base(self, account: Account) -> str:
        return f"{self._hosts[options(account).login]}/{self._version}"

    def _bearer(self, account: Account) -> dict[str, str]:
        return {"Authorization": f"Bearer {access_token(self._secrets, account)}"}


def _node(account: Account) -> str:
    """Who acts: a Page token acts for the Page, whose Instagram account is not a node that it may post to."""
    ours = options(account)
    return quote(account.id if ours.login == "instagram" else ours.page or "me", safe="")


def is_person(customer: str) -> bool:
    """Whether it is an id of Instagram's (digits), and not one of ours for an author who is not named."""
    return customer.isascii() and customer.isdigit()


def _mentioned(fields: Any) -> Mentioned | None:
    """What Meta tells of a comment or a post; the link to a comment is its post's."""
    if not isinstance(fields, dict):
        return None
    post = fields.get("media")
    link = words((post if isinstance(post, dict) else fields).get("permalink"))
    return Mentioned(
        text=words(fields.get("text")) or words(fields.get("caption")),
        username=words(fields.get("username")),
        url=link if link.startswith("https://") else "",
    )


def _envelope(to: Recipient) -> dict[str, Any]:
    if to.comment:
        # .../messaging-api/private-replies
        return {"recipient": {"comment_id": to.comment}}
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": to.tag} if to.tag else {}
    return {"recipient": {"id": to.customer}, **tagged}


def _beside(body: dict[str, Any], beside: dict[str, str]) -> dict[str, Any]:
    """The body with what goes beside the message. The quote stands next to it: the Send API's `reply_to`."""
    message = body["message"] | ({MARK: beside[MARK]} if MARK in beside else {})
    return body | {"message": message} | ({QUOTE: {"mid": beside[QUOTE]}} if QUOTE in beside else {})


def _message(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    if isinstance(part, MediaPart):
        return _media(part)
    if isinstance(part, ChoicesPart):
        return _choices(part)
    return _cards(part)


def _media(part: MediaPart) -> dict[str, Any]:
    if not part.url:
        raise Refused("unsupported", "Instagram fetches a file by its URL, and there is none")
    attachment = {"type": part.kind, "payload": {"url": part.url}}
    # images are documented in the list only, the other kinds one to a message
    return {"attachments": [attachment]} if part.kind == "image" else {"attachment": attachment}


def _choices(part: ChoicesPart) -> dict[str, Any]:
    if any(choice.url for choice in part.choices):
        return _template(template_type="button", text=part.text, buttons=_buttons(part.choices))
    # .../messaging-api/quick-replies
    taps = [{"content_type": "text", "title": tap.text, "payload": tap.payload} for tap in part.choices]
    return {"text": part.text, "quick_replies": taps}


def _cards(part: CardsPart) -> dict[str, Any]:
    return _template(template_type="generic", elements=[_element(card) for card in part.cards])


def _element(card: Card) -> dict[str, Any]:
    """Only what the card has: Meta refuses an empty value."""
    element = {
        "title": card.title,
        "subtitle": card.description,
        "image_url": card.image,
        "default_action": {"type": "web_url", "url": card.url} if card.url else None,
        "buttons": _buttons(card.choices),
    }
    return {name: value for name, value in element.items() if value}


def _buttons(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    return [
        {"type": "web_url", "url": choice.url, "title": choice.text}
        if choice.url
        else {"type": "postback", "title": choice.text, "payload": choice.payload}
        for choice in choices
    ]


def _template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def _profile(fields: dict[str, Any]) -> Profile | None:
    """What Meta tells, None where that is nothing; a name and a picture may be null."""
    followers = fields.get("follower_count")
    avatar = words(fields.get("profile_pic"))
    profile = Profile(
        name=words(fields.get("name")).strip(),
        username=words(fields.get("username")),
        avatar=avatar if avatar.startswith("https://") else "",
        followers=followers if type(followers) is int else None,
        verified=_flag(fields.get("is_verified_user")),
        follows=_flag(fields.get("is_user_follow_business")),
    )
    return profile if profile != Profile() else None


def _unseen(account: Account, missing: Unseen, message: dict[str, Any]) -> CustomerMessage | None:
    """The customer's message; None for one of the brand's own, or whose sender Meta does not name."""
    who, username = sender(message)
    if not is_person(who) or own(account, who, username):
        return None
    text = words(message.get("message"))
    return CustomerMessage(
        id=missing.id,
        conversation=Conversation("instagram", account.id, who),
        sent_ms=created_ms(message.get("created_time"), missing.sent_ms),
        text=text,
        lines=() if text else (Line("unsupported", {"platform": "Instagram"}),),
        origin=missing.origin,
        username=username,
    )


def _mid(sent: dict[str, Any]) -> str:
    mid = words(sent.get("message_id"))
    if not mid:
        raise Uncertain("Instagram took the message and names none")
    return mid


def _held(account: Account, message: dict[str, Any]) -> Held:
    return Held(
        id=words(message.get("id")),
        sent_s=created_ms(message.get("created_time"), 0) / 1000,
        own=own(account, *sender(message)),
        mark=words(message.get(MARK)),
        text=words(message.get("message")),
    )


def sender(message: dict[str, Any]) -> tuple[str, str]:
    """The id and the username of a message's sender."""
    sender = message.get("from")
    return (words(sender.get("id")), words(sender.get("username"))) if isinstance(sender, dict) else ("", "")


def created_ms(created: Any, otherwise: int) -> int:
    """Meta's time of a message, like 2025-07-28T22:44:49+0000, in ms."""
    try:
        seconds = int(datetime.strptime(words(created), "%Y-%m-%dT%H:%M:%S%z").timestamp())
    except (ValueError, OverflowError):
        return otherwise
    return seconds * 1000 if seconds > 0 else otherwise


def _answered(answer: Answer, act: Act, optional: Collection[str]) -> dict[str, Any]:
    """The answer's object. Raises what its error means to the act, or Unwanted where it names a field that the call
    can do without: only Meta's words tell which parameter was invalid."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and error.get("code") == INVALID:
        said = words(error.get("message")).lower()
        for field in optional:
            if field in said:
                raise Unwanted(field)
    return judged(answer, act)


def objects(data: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list in Meta's answer, whatever else stands there."""
    items = data.get(name) if isinstance(data, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def words(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str], *_: object) -> InstagramClient:
    """The client, with base URLs from settings: `url("instagram_graph")` and so on."""
    hosts = {"instagram": url("instagram_graph"), "facebook": url("facebook_graph")}
    return InstagramClient(http, secrets, hosts, url("graph_version"))
