"""The Graph API as far as the bridge calls it.

developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api and its pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NoReturn
from urllib.parse import quote

import msgspec

from chalicelib.channels.base import Secrets, Source, Verdict, raise_for
from chalicelib.channels.instagram.capabilities import CAPABILITIES
from chalicelib.channels.instagram.problems import OTHER, TOO_MANY, TRANSIENT, VERDICTS
from chalicelib.errors import AccountStopped, Refused, TokenRefused, Uncertain, Unfetched
from chalicelib.http import Answer, Outgoing
from chalicelib.messages import (
    Account,
    Conversation,
    CustomerMessage,
    Line,
    Mention,
    Mentioned,
    Profile,
    Unseen,
)
from chalicelib.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart

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
# Meta answers when it has fetched the file, for which it takes up to 75 s; most are there within these (seconds).
FETCH_S = 20.0
# A message does not wait for its sender's profile, nor a comment for its post (seconds).
PROFILE_S = 2.0


class InstagramClient:
    """Acts as the account, on the host of its login: graph.instagram.com or graph.facebook.com."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, hosts: dict[str, str], version: str) -> None:
        """`hosts` maps "instagram" and "facebook" to base URLs, `version` is like "v25.0"."""
        self._http = http
        self._secrets = secrets
        self._hosts = hosts
        self._version = version

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """Answers the mid; raises as the protocol says. The part is within CAPABILITIES."""
        if not (to.comment or _is_person(to.customer)):
            raise Refused("no_conversation", "nobody on Instagram has this id")
        wait = FETCH_S if isinstance(part, MediaPart) else None
        return _words(self._post(account, _envelope(to) | {"message": _message(part)}, wait).get("message_id"))

    def arrived(self, account: Account, to: Recipient, part: Part, since_s: float) -> str | None:
        """Not read yet. See `Client.arrived`."""
        raise Refused("other", "no history")

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """A sender action: it stands alone in its call. .../messaging-api/sender-actions"""
        if _is_person(to.customer):
            self._post(account, {"recipient": {"id": to.customer}, "sender_action": ACTIONS[action]})

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """Consent comes with the first message or tap, not with a comment. .../messaging-api/user-profile"""
        if not _is_person(to.customer):
            return None
        found = self._get(account, to.customer, PROFILE_FIELDS, PROFILE_S)
        return _profile(found) if found is not None else None

    def post_url(self, account: Account, post: str) -> str:
        """The post's permalink. developers.facebook.com/docs/instagram-platform/reference/instagram-media"""
        url = _words((self._get(account, post, "permalink", PROFILE_S) or {}).get("permalink"))
        return url if url.startswith("https://") else ""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """The comment, or the post, in which the account is mentioned.

        developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentioned_comment and
        .../mentioned_media. One field that is not there refuses the whole answer: the last of each are documented.
        """
        where, identifier = ("comment", mention.comment) if mention.comment else ("media", mention.post)
        if not _is_person(identifier):
            return None
        for fields in MENTION_FIELDS[where]:
            asked = quote(f"mentioned_{where}.{where}_id({identifier}){{{fields}}}", safe="")
            try:
                found = self._get(account, account.id, asked, PROFILE_S)
            except AccountStopped:
                raise
            except Refused:
                continue
            return _mentioned(found.get(f"mentioned_{where}")) if found else None
        return None

    def source(self, account: Account, said: CustomerMessage) -> Source:
        """The URL of the webhook itself: Meta fetches for anybody who has it."""
        if said.media is None or not said.media.url:
            raise Unfetched("media_gone", "Instagram gave no URL")
        return Source(url=said.media.url, hosts=HOSTS)

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """The message by its mid. .../instagram-platform/.../conversations-api"""
        found = self._get(account, missing.origin, MESSAGE_FIELDS)
        return _unseen(account, missing, found) if found is not None else None

    def _post(self, account: Account, body: dict[str, Any], read_s: float | None = None) -> dict[str, Any]:
        # a Page token acts for the Page; its Instagram account is not a node it may post to
        node = account.id if account.login == "instagram" else account.page or "me"
        url = f"{self._base(account)}/{quote(node, safe='')}/messages"
        headers = {**self._bearer(account), "Content-Type": "application/json"}
        return _judge(self._http.post(url, headers=headers, body=msgspec.json.encode(body), read_s=read_s))

    def _get(self, account: Account, node: str, fields: str, read_s: float | None = None) -> dict[str, Any] | None:
        """The fields of a node, None where Meta has none such for the account."""
        url = f"{self._base(account)}/{quote(node, safe='')}?fields={fields}"
        try:
            return _judge(self._http.get(url, headers=self._bearer(account), read_s=read_s))
        except Refused as error:
            if error.reason in NOT_THERE:
                return None
            raise

    def _base(self, account: Account) -> str:
        return f"{self._hosts[account.login]}/{self._version}"

    def _bearer(self, account: Account) -> dict[str, str]:
        token = str(self._secrets(account.secret).get("access_token", ""))
        if not token:
            raise TokenRefused(f"the secret {account.secret} holds no access_token", 60)
        return {"Authorization": f"Bearer {token}"}


def _is_person(customer: str) -> bool:
    """Whether it is an id of Instagram's (digits), and not one of ours for an author who is not named."""
    return customer.isascii() and customer.isdigit()


def _mentioned(found: Any) -> Mentioned | None:
    """What Meta tells of a comment or a post; the link to a comment is its post's."""
    if not isinstance(found, dict):
        return None
    post = found.get("media")
    link = _words((post if isinstance(post, dict) else found).get("permalink"))
    return Mentioned(
        text=_words(found.get("text")) or _words(found.get("caption")),
        username=_words(found.get("username")),
        url=link if link.startswith("https://") else "",
    )


def _envelope(to: Recipient) -> dict[str, Any]:
    if to.comment:
        # .../messaging-api/private-replies
        return {"recipient": {"comment_id": to.comment}}
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": to.tag} if to.tag else {}
    return {"recipient": {"id": to.customer}, **tagged}


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
    taps = [{"content_type": "text", "title": one.text, "payload": one.payload} for one in part.choices]
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


def _profile(found: dict[str, Any]) -> Profile | None:
    """What Meta tells, None where that is nothing; a name and a picture may be null."""
    followers = found.get("follower_count")
    avatar = _words(found.get("profile_pic"))
    profile = Profile(
        name=_words(found.get("name")),
        username=_words(found.get("username")),
        avatar=avatar if avatar.startswith("https://") else "",
        followers=followers if type(followers) is int else None,
        verified=_flag(found.get("is_verified_user")),
        follows=_flag(found.get("is_user_follow_business")),
    )
    return profile if profile != Profile() else None


def _unseen(account: Account, missing: Unseen, found: dict[str, Any]) -> CustomerMessage | None:
    """The customer's message; None for one of the brand's own, or whose sender Meta does not name."""
    sender = found.get("from")
    who = _words(sender.get("id")) if isinstance(sender, dict) else ""
    username = _words(sender.get("username")) if isinstance(sender, dict) else ""
    if not _is_person(who) or who in {account.id, account.page} or (username and username == account.name):
        return None
    text = _words(found.get("message"))
    return CustomerMessage(
        id=missing.id,
        conversation=Conversation("instagram", account.id, who),
        sent_ms=_created_ms(found.get("created_time"), missing.sent_ms),
        text=text,
        lines=() if text else (Line("unsupported", {"platform": "Instagram"}),),
        origin=missing.origin,
        username=username,
    )


def _created_ms(created: Any, otherwise: int) -> int:
    """Meta's time of a message, like 2025-07-28T22:44:49+0000, in ms."""
    try:
        seconds = int(datetime.strptime(_words(created), "%Y-%m-%dT%H:%M:%S%z").timestamp())
    except (ValueError, OverflowError):
        return otherwise
    return seconds * 1000 if seconds > 0 else otherwise


def _judge(answer: Answer) -> dict[str, Any]:
    """The answer's object. Meta's errors are told by their code, never by HTTP status or words."""
    found = answer.json()
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, dict):
        _refuse(answer, error)
    if answer.status == 200 and isinstance(found, dict):
        return found
    if answer.status == 429:
        raise_for(TOO_MANY, "HTTP 429", answer.retry_after_s())
    raise Uncertain(f"HTTP {answer.status} without an error body")


def _refuse(answer: Answer, error: dict[str, Any]) -> NoReturn:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    verdict = _verdict(code, subcode, answer.status, transient=error.get("is_transient") is True)
    wait = answer.retry_after_s() or _regain_s(answer) if verdict.action == "retry" else None
    trace = str(error.get("fbtrace_id", ""))[:64]
    raise_for(verdict, f"Instagram {code}/{subcode}, HTTP {answer.status}, trace {trace}", wait)


def _verdict(code: int, subcode: int, status: int, *, transient: bool) -> Verdict:
    known = VERDICTS.get((code, subcode)) or VERDICTS.get((code, 0))
    if known:
        return known
    return TOO_MANY if status == 429 else TRANSIENT if transient else OTHER


def _regain_s(answer: Answer) -> float | None:
    """Seconds until calls are allowed again: the header tells minutes.

    developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    try:
        usage = msgspec.json.decode(
            answer.headers.get("x-business-use-case-usage", "{}"), type=dict[str, list[dict[str, Any]]]
        )
    except (msgspec.MsgspecError, RecursionError):
        return None
    minutes = [_number(use.get("estimated_time_to_regain_access")) for uses in usage.values() for use in uses]
    return max(minutes, default=0) * 60.0 or None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str]) -> InstagramClient:
    """The client, with base URLs from settings: `url("instagram_graph")` and so on."""
    hosts = {"instagram": url("instagram_graph"), "facebook": url("facebook_graph")}
    return InstagramClient(http, secrets, hosts, url("graph_version"))
