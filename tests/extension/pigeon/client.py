"""The pigeons' API as far as the bridge calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec

from chalicelib.credentials import Secrets
from chalicelib.errors import Refused, Uncertain, Unfetched
from chalicelib.http import Outgoing
from chalicelib.protocols import history
from chalicelib.protocols.calls import access_token, harmless
from chalicelib.protocols.history import Held
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.messages import CustomerMessage, Mention, Mentioned, Source, Unseen
from chalicelib.vocabulary.records import Account, Profile
from chalicelib.vocabulary.replies import CardsPart, ChoicesPart, MediaPart, Part, Recipient
from tests.extension.pigeon.capabilities import CAPABILITIES
from tests.extension.pigeon.problems import judged

LETTERS = "/letters"


class PigeonClient:
    """Sends letters from the account's loft."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, secrets: Secrets, host: str) -> None:
        self._http, self._secrets, self._host = http, secrets, host

    def window(self, account: Account) -> WindowPolicy:
        """The same for every loft."""
        return CAPABILITIES.window

    def own(self, account: Account, customer: str, username: str) -> bool:
        """By the id or the name."""
        return account.wrote(customer, username)

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """One letter; its mark goes with it."""
        letter = {"loft": account.id, "to": to.customer, "mark": to.mark} | _content(part)
        headers = self._headers(account) | {"Content-Type": "application/json"}
        answer = self._http.post(self._host + LETTERS, headers=headers, body=msgspec.json.encode(letter))
        sent = judged(answer, "send").get("message_id")
        if not isinstance(sent, str):
            raise Uncertain("the pigeon flew and nobody knows its number")
        return sent

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """By the loft's own book of letters, which has all of them."""
        url = f"{self._host}{LETTERS}?{urlencode({'loft': account.id, 'to': to.customer})}"
        answer = harmless(lambda: self._http.get(url, headers=self._headers(account)))
        held = [_held(one) for one in judged(answer, "history").get("letters", [])]
        return history.found(held, True, part, to.mark, since_s, taken)

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """Nobody sees a pigeon write: the capabilities say so, and nobody asks."""

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """A pigeon tells nothing of people."""
        return None

    def post_url(self, account: Account, post: str) -> str:
        """Lofts have no posts."""
        return ""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """Nor mentions."""
        return None

    def source(self, account: Account, said: CustomerMessage) -> Source:
        """Where the picture lies, at the pigeons' own host. Raises Unfetched."""
        if said.media is None or not said.media.url:
            raise Unfetched("media_gone", "a picture without an address")
        return Source(url=said.media.url, hosts=(urlsplit(self._host).hostname or "",), headers=self._headers(account))

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """No letter is mentioned that was not delivered."""
        return None

    def _headers(self, account: Account) -> dict[str, str]:
        return {"Loft-Key": access_token(self._secrets, account)}


def _content(part: Part) -> dict[str, Any]:
    if isinstance(part, MediaPart):
        return {"words": "", "picture": part.url}
    if isinstance(part, ChoicesPart):
        return {"words": part.text, "choices": {one.text: one.payload for one in part.choices}}
    if isinstance(part, CardsPart):
        raise Refused("unsupported", "a pigeon carries no cards")
    return {"words": part.text}


def _held(letter: dict[str, Any]) -> Held:
    return Held(
        id=letter["message_id"],
        sent_s=letter["at_ms"] / 1000,
        own=True,
        by_api=True,
        mark=letter.get("mark", ""),
        text=letter.get("words", ""),
        kind="image" if letter.get("picture") else None,
    )


def open_client(http: Outgoing, secrets: Secrets, url: Callable[[str], str], *_: object) -> PigeonClient:
    """The client, with the API's address from settings."""
    return PigeonClient(http, secrets, url("pigeon_api"))
