"""The edge: lets verified deliveries in, cuts them into events, stores them, answers. Decides nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from chalicelib.channels.base import Webhook
from chalicelib.desks.base import DeskWebhook
from chalicelib.errors import Malformed, Rejected, Retryable
from chalicelib.http import Request, Response
from chalicelib.messages import Event, bounded, digest
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock, Outbox, Secrets, Shelf, texts

LARGEST_BODY = 1024 * 1024


class Edge:
    """Both webhooks. `secret_names` maps a channel's or the desk's name to its secret,
    `{"secrets": […], "verify_tokens": […]}`."""

    def __init__(
        self,
        *,
        webhooks: Sequence[Webhook],
        desk: DeskWebhook,
        secrets: Secrets,
        secret_names: dict[str, str],
        inbound: Outbox,
        outbound: Outbox,
        shelf: Shelf,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._webhooks = webhooks
        self._desk = desk
        self._secrets = secrets
        self._secret_names = secret_names
        self._inbound = inbound
        self._outbound = outbound
        self._shelf = shelf
        self._clock = clock
        self._metrics = metrics

    def social(self, request: Request) -> Response:
        """The customers' platforms: GET is a handshake, POST a delivery."""
        return self._guarded("social", lambda: self._social(request))

    def desk(self, request: Request) -> Response:
        """The desk's webhook. After verification it answers 2xx, or 500 where nothing could be stored:
        Genesys repeats a 5xx, and ends the conversation at any other refusal."""
        return self._guarded("desk", lambda: self._desk_delivery(request))

    def health(self, request: Request) -> Response:
        """Whether this function runs and can read its secrets; tells nothing else."""
        if request.method != "GET":
            return Response(status=405, body="use GET")
        return Response(status=200, body='{"status": "ok"}', content_type="application/json")

    def _guarded(self, endpoint: str, work: Callable[[], Response]) -> Response:
        try:
            return work()
        except Rejected as no:
            self._metrics.count("rejected", endpoint=endpoint, reason=no.reason)
            log.warning("rejected", where=endpoint, reason=no.reason, advice=no.advice, status=no.status)
            return Response(status=no.status, body=f"refused: {no.reason}")
        except Exception as error:  # the platform must repeat whatever could not be stored
            reason = error.reason if isinstance(error, Retryable) else where(error)
            self._metrics.count("not_stored", endpoint=endpoint)
            log.error("not stored", where=endpoint, error=reason)
            return Response(status=500, body="not stored, please repeat")

    def _social(self, request: Request) -> Response:
        if request.method == "GET":
            return self._handshake(request)
        _acceptable(request)
        told = [webhook for webhook in self._webhooks if request.header(webhook.signature_header) is not None]
        if len(told) != 1:
            raise Rejected(401, "signature_missing" if not told else "signature_ambiguous")
        webhook = told[0]
        now = self._clock()
        self._verify(webhook.name, request, webhook.signature_header, lambda keys: webhook.verify(request, keys, now))
        return self._store(self._inbound, webhook.name, request.body, lambda: events_of(webhook, request.body, now))

    def _handshake(self, request: Request) -> Response:
        for webhook in self._webhooks:
            if webhook.handshakes(request):
                tokens = self._secrets.get(self._secret_names[webhook.name]).get("verify_tokens", [])
                return Response(status=200, body=webhook.handshake(request, texts(tokens)))
        raise Rejected(400, "no_handshake")

    def _desk_delivery(self, request: Request) -> Response:
        _acceptable(request)
        desk = self._desk
        if request.header(desk.signature_header) is None:
            raise Rejected(401, "signature_missing")
        self._verify(desk.name, request, desk.signature_header, lambda keys: desk.verify(request, keys))
        received_ms = int(self._clock() * 1000)
        return self._store(self._outbound, desk.name, request.body, lambda: [desk.cut(request.body, received_ms)])

    def _verify(self, source: str, request: Request, header: str, check: Callable[[list[str]], None]) -> None:
        """Against the cached secrets, then once more against fresh ones: they may just have been rotated."""
        if header in request.repeated:
            raise Rejected(401, "signature_repeated")
        name = self._secret_names[source]

        def attempt() -> None:
            keys = texts(self._secrets.get(name).get("secrets", []))
            if not keys:
                raise Rejected(401, "no_secret", f"put the webhook secret of {source} into the secret {name}")
            check(keys)

        try:
            attempt()
        except Rejected as no:
            if no.reason not in {"signature_mismatch", "no_secret"} or not self._secrets.refresh(name):
                raise
            attempt()

    def _store(self, outbox: Outbox, source: str, body: bytes, cut: Callable[[], list[Event]]) -> Response:
        try:
            events = cut()
        except Exception as error:  # verified, so it is kept whatever it is; repeating it would not help
            day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
            key = f"parked/not_json/{source}/{day}/{digest(body)}"
            self._shelf.keep(key, body)
            self._metrics.count("parked", reason="not_json")
            reason = str(error) if isinstance(error, Malformed) else where(error)
            log.error("parked", source=source, key=key, reason="not_json", error=reason)
            return Response(status=200)
        outbox.put([self._light(outbox, event) for event in events])
        self._metrics.count("received", len(events), source=source)
        return Response(status=200)

    def _light(self, outbox: Outbox, event: Event) -> Event:
        """The event as the queue takes it; what is too big or too odd waits in the bucket."""
        if outbox.carries(event):
            return event
        key = f"aside/{event.source}/{event.dedup}"
        self._shelf.keep(key, bytes(event.raw))
        self._metrics.count("stored_aside", source=event.source)
        return msgspec.structs.replace(event, raw=msgspec.Raw(b"null"), aside=key)


def _acceptable(request: Request) -> None:
    """Method, size and content type. Raises Rejected."""
    if request.method != "POST":
        raise Rejected(405, "method")
    if len(request.body) > LARGEST_BODY:
        raise Rejected(413, "too_large")
    if (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        raise Rejected(415, "content_type")
    if not request.body:
        raise Rejected(400, "empty")


def events_of(webhook: Webhook, body: bytes, now: float) -> list[Event]:
    """The events of a delivery that comes now (epoch s), as they are stored. Raises Malformed."""
    return [
        Event(
            source=webhook.name,
            account=bounded(piece.account),
            party=bounded(piece.party),
            id=piece.id,
            received_ms=int(now * 1000),
            section=piece.section,
            sent_ms=piece.sent_ms,
            raw=msgspec.Raw(piece.raw),
        )
        for piece in webhook.split(body)
    ]
