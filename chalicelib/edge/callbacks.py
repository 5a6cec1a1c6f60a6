"""Where platforms tell that somebody withdrew the app, or wants what is held deleted; and where that one may look up
what has come of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from chalicelib.credentials import Secret
from chalicelib.edge.checking import checked
from chalicelib.errors import Misconfigured, Rejected, Retryable
from chalicelib.http import Request, Response
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock, SecretCache, Shelf
from chalicelib.protocols.callbacks import Callbacks, Told
from chalicelib.rules.freshness import aged
from chalicelib.vocabulary.deletion import Deletion, key_of
from chalicelib.wire import digest, iso

ROUTE = "/api/deletion/"
ADVICE = (
    "whoever connected this account has withdrawn the app: log it in again and store its tokens in its secret, or take "
    "it out of Terraform's accounts"
)
# Who asks is told that it was refused, and asks anew.
STALE_ADVICE = "somebody sends again what they captured, or a clock is off: what the platform itself asks is made anew"
# What a secret that was rotated may refute.
_UNSURE = frozenset({"signature_mismatch", "no_secret"})
_CODE = re.compile("[0-9a-f]{32}")
_QUIET = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Counter:
    """Takes the callbacks of every channel that has some, by the channel's name."""

    def __init__(
        self,
        *,
        callbacks: Mapping[str, Callbacks],
        secrets: SecretCache,
        secret_names: Mapping[str, str],
        shelf: Shelf,
        public_url: str,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`secret_names` maps a channel to its secret, `{"secrets": […]}`; `public_url` has no last slash."""
        self._callbacks = callbacks
        self._secrets = secrets
        self._secret_names = secret_names
        self._shelf = shelf
        self._public_url = public_url
        self._clock = clock
        self._metrics = metrics

    def deauthorised(self, request: Request, channel: str) -> Response:
        """An account can be used no more: its operator is alarmed."""

        def work() -> Response:
            told = self._told(request, channel)
            self._metrics.count("account_stopped", account=told.user)
            log.error("account stopped", account=told.user, channel=channel, reason="deauthorised", advice=ADVICE)
            return Response(status=200)

        return self._guarded(work)

    def deletion(self, request: Request, name: str) -> Response:
        """POST by a platform, whose channel the name is: answers where one may look. GET by anybody, by the code."""
        if request.method in {"GET", "HEAD"}:
            return self._guarded(lambda: self._status(name))
        return self._guarded(lambda: self._asked(request, name))

    def _asked(self, request: Request, channel: str) -> Response:
        """The same request again is the same code, and changes nothing of what was done."""
        told = self._told(request, channel)
        code = digest("deletion", channel, told.key)[:32]
        if self._held(code) is None:
            asked = Deletion(channel=channel, user=told.user, asked_ms=int(self._clock() * 1000))
            self._shelf.keep(key_of(code), msgspec.json.encode(asked))
            self._metrics.count("deletion_asked", channel=channel)
        answer = {"url": f"{self._public_url}{ROUTE}{code}", "confirmation_code": code}
        return Response(status=200, body=msgspec.json.encode(answer).decode(), content_type="application/json")

    def _status(self, code: str) -> Response:
        deletion = self._held(code) if _CODE.fullmatch(code) else None
        if deletion is None:
            return Response(status=404, body="There is no such request, or it was dealt with long ago.", headers=_QUIET)
        lines = [f"Request {code}", f"Received: {iso(deletion.asked_ms)}"]
        if deletion.operators:
            lines.append("Under way: the account that was connected is taken out by its operator.")
        elif deletion.ended_ms:
            lines.append(
                f"Done: {iso(deletion.ended_ms)}. Of this id nothing is held any more; backups end by themselves."
            )
        else:
            lines.append("Under way: it is done within a day.")
        return Response(status=200, body="\n".join(lines) + "\n", headers=_QUIET)

    def _held(self, code: str) -> Deletion | None:
        try:
            return msgspec.json.decode(self._shelf.fetch(key_of(code)), type=Deletion)
        except LookupError:
            return None

    def _told(self, request: Request, channel: str) -> Told:
        """Raises Rejected, Retryable."""
        callbacks = self._callbacks.get(channel)
        if callbacks is None:
            raise Rejected(404, "no_callbacks")
        if request.method != "POST":
            raise Rejected(405, "method")
        now = self._clock()

        def check(secret: Secret) -> Told:
            keys = secret.keys("secrets")
            if not keys:
                advice = f"store the app secret in the secret {secret.name}; what an example had in its place is none"
                raise Rejected(401, "no_secret", advice)
            return callbacks.read(request, keys, now)

        told = checked(self._secrets, self._secret_names[channel], now, _UNSURE, check)
        no = aged(told.made_ms, int(now * 1000))
        if no is not None:
            raise Rejected(401, no, STALE_ADVICE)
        return told

    def _guarded(self, work: Callable[[], Response]) -> Response:
        try:
            return work()
        except Rejected as no:
            self._metrics.count("rejected" if no.status < 500 else "not_checked", endpoint="callback", reason=no.reason)
            log.warning("rejected", where="callback", reason=no.reason, advice=no.advice, status=no.status)
            return Response(status=no.status, body=f"refused: {no.reason}", headers=_QUIET)
        except Exception as error:  # the platform, or whoever asks, is to come again
            reason = error.reason if isinstance(error, Retryable) else where(error)
            advice = error.advice if isinstance(error, Misconfigured) else ""
            self._metrics.count("not_stored", endpoint="callback")
            log.error("not stored", where="callback", error=reason, advice=advice)
            return Response(status=500, body="please repeat", headers=_QUIET)
