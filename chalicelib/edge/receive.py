"""The edge: lets verified deliveries in, cuts them into events, stores them, answers. Decides nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chalicelib.credentials import texts
from chalicelib.edge.checking import checked
from chalicelib.errors import Malformed, Misconfigured, Rejected, Retryable
from chalicelib.http import Request, Response
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Clock, Outbox, Secrets, Shelf
from chalicelib.protocols.channel import MOST_PIECES, Webhook
from chalicelib.protocols.desk import DeskWebhook
from chalicelib.vocabulary.records import Event
from chalicelib.wire import bounded

# Lambda takes 6 MB (6 × 2^20 bytes) for a synchronous call, and API Gateway may hand the body over in base64, a third
# longer, beside what it says of the request. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# Meta's 1,000 updates may exceed 1 MiB: developers.facebook.com/docs/graph-api/webhooks/getting-started
LARGEST_BODY = 4_500_000
# What a secret that was rotated may refute.
_UNSURE = frozenset({"signature_mismatch", "no_secret", "verify_token"})


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
        self._inbound = _Store(inbound, shelf, Parking("inbound", shelf, clock, metrics), metrics)
        self._outbound = _Store(outbound, shelf, Parking("outbound", shelf, clock, metrics), metrics)
        self._clock = clock
        self._metrics = metrics

    def social(self, request: Request) -> Response:
        """The customers' platforms: GET is a handshake, POST a delivery."""
        return self._guarded("social", lambda: self._social(request))

    def desk(self, request: Request) -> Response:
        """The desk's webhook. After verification it answers 2xx, or 500 where nothing could be stored:
        a desk repeats a 5xx, and may end the conversation at any other refusal."""
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
            if no.status < 500:
                self._metrics.count("rejected", endpoint=endpoint, reason=no.reason)
            else:
                self._metrics.count("not_checked", endpoint=endpoint, reason=no.reason)
            log.warning("rejected", where=endpoint, reason=no.reason, advice=no.advice, status=no.status)
            return Response(status=no.status, body=f"refused: {no.reason}")
        except Exception as error:  # the platform must repeat whatever could not be stored
            reason = error.reason if isinstance(error, Retryable) else where(error)
            advice = error.advice if isinstance(error, Misconfigured) else ""
            self._metrics.count("not_stored", endpoint=endpoint)
            log.error("not stored", where=endpoint, error=reason, advice=advice)
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
        header = webhook.signature_header
        self._verify(webhook.name, request, header, now, lambda keys: webhook.verify(request, keys, now))
        return self._inbound.store(webhook.name, request.body, lambda: events_of(webhook, request.body, now))

    def _handshake(self, request: Request) -> Response:
        for webhook in self._webhooks:
            if webhook.handshakes(request):
                return Response(status=200, body=self._challenge(webhook, request))
        raise Rejected(400, "no_handshake")

    def _challenge(self, webhook: Webhook, request: Request) -> str:
        name = self._secret_names[webhook.name]
        return checked(
            self._secrets, name, self._clock(), _UNSURE,
            lambda held: webhook.handshake(request, texts(held.get("verify_tokens"))),
        )  # fmt: skip

    def _desk_delivery(self, request: Request) -> Response:
        _acceptable(request)
        desk = self._desk
        if request.header(desk.signature_header) is None:
            raise Rejected(401, "signature_missing")
        now = self._clock()
        self._verify(desk.name, request, desk.signature_header, now, lambda keys: desk.verify(request, keys))
        received_ms = int(now * 1000)
        return self._outbound.store(desk.name, request.body, lambda: [desk.cut(request.body, received_ms)])

    def _verify(
        self, source: str, request: Request, header: str, now: float, verify: Callable[[list[str]], None]
    ) -> None:
        if header in request.repeated:
            raise Rejected(401, "signature_repeated")
        name = self._secret_names[source]

        def check(held: dict[str, Any]) -> None:
            keys = texts(held.get("secrets"))
            if not keys:
                shape = '{"secrets": ["…"]}'
                raise Rejected(401, "no_secret", f"store {shape}, the webhook secret of {source}, in the secret {name}")
            verify(keys)

        checked(self._secrets, name, now, _UNSURE, check)


class _Store:
    """Where verified deliveries of one side go: onto the queue, or where a queue cannot carry them."""

    def __init__(self, outbox: Outbox, shelf: Shelf, parking: Parking, metrics: Metrics) -> None:
        self._outbox = outbox
        self._shelf = shelf
        self._parking = parking
        self._metrics = metrics

    def store(self, source: str, body: bytes, cut: Callable[[], list[Event]]) -> Response:
        """Whatever was verified is kept: repeating it would not help where it cannot be cut up."""
        try:
            events = cut()
        except Exception as error:
            detail = str(error) if isinstance(error, Malformed) else where(error)
            self._parking.keep_body(
                "not_json", f"look whether {source} has changed its webhook: {detail}", source, body
            )
            return Response(status=200)
        if len(events) > MOST_PIECES:
            advice = f"more than {MOST_PIECES} events in one delivery, more than {source} documents"
            self._parking.keep_body("too_many", advice, source, body)
            return Response(status=200)
        carried = [light for event in events if (light := self._light(event)) is not None]
        self._outbox.put(carried)
        self._metrics.count("received", len(carried), source=source)
        return Response(status=200)

    def _light(self, event: Event) -> Event | None:
        """The event as the queue takes it; what is too big waits in the bucket. None, and the event is parked by
        itself, where the queue would take it in no form: it must not hold up those that came with it."""
        if self._outbox.carries(event):
            return event
        key = f"aside/{event.source}/{event.dedup}"
        light = msgspec.structs.replace(event, raw=msgspec.Raw(b"null"), aside=key)
        if not self._outbox.carries(light):
            self._parking.keep_event("not_carried", "no queue takes it in any form", event)
            return None
        self._shelf.keep(key, bytes(event.raw))
        self._metrics.count("stored_aside", source=event.source)
        return light


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
            id=bounded(piece.id),
            received_ms=int(now * 1000),
            section=piece.section,
            sent_ms=piece.sent_ms,
            raw=msgspec.Raw(piece.raw),
        )
        for piece in webhook.split(body)
    ]
