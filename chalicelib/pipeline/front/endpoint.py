"""A company's own endpoint, which knows by a signature that it is the bridge that asks."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from chalicelib.errors import Misconfigured, Uncertain
from chalicelib.fields import strictly
from chalicelib.pipeline.ports import Clock, SecretCache
from chalicelib.protocols.asking import Post
from chalicelib.rules import signed

KEYS_ADVICE = (
    'the secret that the account\'s front names holds {"keys": ["whsec_…"]}: 24 to 64 random bytes in base64 each, two '
    "while one takes the other's place"
)
REFUSED_ADVICE = "look at the endpoint's own log: it refuses what the bridge sends, or has moved"
# It does not know whom or what it was asked about.
_NOTHING = {204, 404}
# It may answer another time (RFC 9110).
_LATER = {408, 425, 429}


class Signed:
    """Calls by Standard Webhooks, each made once."""

    def __init__(
        self, post: Post, secrets: SecretCache, clock: Clock, fresh: Callable[[], str] = lambda: str(uuid4())
    ) -> None:
        """`fresh` makes the id of a call."""
        self._post = post
        self._secrets = secrets
        self._clock = clock
        self._fresh = fresh

    def ask(self, url: str, secret: str, body: bytes, within_s: float) -> object:
        """What the endpoint answered to the JSON body, {} where it has nothing to tell (204, 404); `secret` names what
        holds the keys. Nothing of it is to be trusted. Raises Misconfigured, Retryable, Uncertain, Malformed."""
        headers = signed.headers(self._keys(secret), self._fresh(), int(self._clock()), body)
        reply = self._post(url, headers, body, within_s)
        if reply.status in _NOTHING:
            return {}
        if 300 <= reply.status < 500 and reply.status not in _LATER:
            raise Misconfigured(f"the endpoint answered {reply.status}", REFUSED_ADVICE)
        if reply.status != 200:
            raise Uncertain(f"the endpoint answered {reply.status}")
        return strictly(reply.body, "the endpoint's answer")

    def _keys(self, secret: str) -> list[bytes]:
        held = self._secrets.get(secret).get("keys")
        try:
            return signed.keys_of(held if isinstance(held, list) else [])
        except ValueError as error:
            raise Misconfigured(f"the secret {secret}: {error}", KEYS_ADVICE) from None
