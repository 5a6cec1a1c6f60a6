"""The edge: lets deliveries in that are verified or that AWS vouches for, has them stored, answers. Decides nothing
else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from chalicelib.credentials import SHORTEST, Secret, guessable
from chalicelib.edge.checking import checked
from chalicelib.edge.relayed import body_of, handed, queue_of, source_of
from chalicelib.edge.storing import Store
from chalicelib.errors import Misconfigured, Rejected, Retryable
from chalicelib.http import Request, Response
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock, Outbox, SecretCache, Shelf
from chalicelib.protocols.webhook import Feed, Webhook

# Lambda takes 6 MB (6 × 2^20 bytes) for a synchronous call, and API Gateway may hand the body over in base64, a third
# longer, beside what it says of the request. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# Meta's 1,000 updates may exceed 1 MiB: developers.facebook.com/docs/graph-api/webhooks/getting-started
LARGEST_BODY = 4_500_000
# What a secret that was rotated may refute.
_UNSURE = frozenset({"signature_mismatch", "no_secret", "verify_token"})


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """A URL: its name in metrics and logs, who may come there, what a GET that is nobody's handshake is refused with
    (status and reason), and where deliveries go."""

    endpoint: str
    webhooks: Sequence[Webhook]
    no_handshake: tuple[int, str]
    store: Store


class Edge:
    """Where everything comes in. `channels` and `desks` are the feeds of each, in the registry's order: those that are
    webhooks are taken over HTTP. `secret_names` maps a webhook's name to its secret:
    `{"secrets": […], "accounts": {"channel#id": […]}, …}`, what signs for all accounts, and what for one alone."""

    def __init__(
        self,
        *,
        channels: Sequence[Feed],
        desks: Sequence[Feed],
        secrets: SecretCache,
        secret_names: Mapping[str, str],
        inbound: Outbox,
        outbound: Outbox,
        shelf: Shelf,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._secrets = secrets
        self._secret_names = secret_names
        self._clock = clock
        self._metrics = metrics
        self._inbound = Store("inbound", inbound, shelf, clock, metrics)
        outbound_store = Store("outbound", outbound, shelf, clock, metrics)
        self._feeds = {feed.name: (feed, self._inbound) for feed in channels}
        self._feeds |= {feed.name: (feed, outbound_store) for feed in desks}
        self._social = Entrance(
            endpoint="social",
            webhooks=[feed for feed in channels if isinstance(feed, Webhook)],
            no_handshake=(400, "no_handshake"),
            store=self._inbound,
        )
        self._desk = Entrance(
            endpoint="desk",
            webhooks=[feed for feed in desks if isinstance(feed, Webhook)],
            no_handshake=(405, "method"),
            store=outbound_store,
        )

    def social(self, request: Request) -> Response:
        """The customers' platforms: GET is a handshake, POST a delivery."""
        return self._guarded(self._social, request)

    def desk(self, request: Request) -> Response:
        """The desks' webhook. After verification it answers 2xx, or 500 where nothing could be stored:
        a desk repeats a 5xx, and may end the conversation at any other refusal."""
        return self._guarded(self._desk, request)

    def fed(self, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Deliveries from standard queues that other services feed, as Lambda hands them over: AWS has authenticated
        who put them there, so that none is signed. A queue named `…-from-<name>` holds those of that channel or desk.

        Answers Lambda's partial batch response: what could not be stored comes again.
        docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        # a standard queue knows no order: what lies on it together goes by its sender's clock
        failed = [record["messageId"] for record in sorted(records, key=self._sent_ms) if not self._taken(record)]
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}

    def health(self, request: Request) -> Response:
        """Whether this function runs and can read its secrets; tells nothing else."""
        if request.method not in {"GET", "HEAD"}:
            return Response(status=405, body="use GET")
        return Response(status=200, body='{"status": "ok"}', content_type="application/json")

    def _guarded(self, entrance: Entrance, request: Request) -> Response:
        endpoint = entrance.endpoint
        try:
            return self._handshake(entrance, request) if request.method == "GET" else self._delivery(entrance, request)
        except Rejected as no:
            self._metrics.count("rejected" if no.status < 500 else "not_checked", endpoint=endpoint, reason=no.reason)
            log.warning("rejected", where=endpoint, reason=no.reason, advice=no.advice, status=no.status)
            return Response(status=no.status, body=f"refused: {no.reason}")
        except Exception as error:  # the platform must repeat whatever could not be stored
            self._not_stored(endpoint, error)
            return Response(status=500, body="not stored, please repeat")

    def _not_stored(self, endpoint: str, error: Exception) -> None:
        reason = error.reason if isinstance(error, Retryable) else where(error)
        advice = error.advice if isinstance(error, Misconfigured) else ""
        self._metrics.count("not_stored", endpoint=endpoint)
        log.error("not stored", where=endpoint, error=reason, advice=advice)

    def _handshake(self, entrance: Entrance, request: Request) -> Response:
        webhook = next((webhook for webhook in entrance.webhooks if webhook.handshakes(request)), None)
        if webhook is None:
            raise Rejected(*entrance.no_handshake)
        prove = partial(webhook.handshake, request)
        return checked(self._secrets, self._secret_names[webhook.name], self._clock(), _UNSURE, prove)

    def _delivery(self, entrance: Entrance, request: Request) -> Response:
        _acceptable(request)
        signers = [webhook for webhook in entrance.webhooks if request.header(webhook.signature_header) is not None]
        if len(signers) != 1:
            raise Rejected(401, "signature_missing" if not signers else "signature_ambiguous")
        [webhook] = signers
        now = self._clock()
        signer = self._signer(webhook, request, now)
        entrance.store.keep(webhook, request.body, now, signer)
        return Response(status=200)

    def _signer(self, webhook: Webhook, request: Request, now: float) -> str:
        """Whose own secret the request is signed with, "" where it is one of those of all. Raises Rejected."""
        if webhook.signature_header in request.repeated:
            raise Rejected(401, "signature_repeated")
        name = self._secret_names[webhook.name]

        def check(secret: Secret) -> str:
            common = secret.keys("secrets")
            owned = {key: owner for key, owner in secret.owned("accounts").items() if not guessable(key)}
            if not (common or owned):
                shape = '{"secrets": ["…"]}'
                advice = (
                    f"store {shape}, the webhook secret of {webhook.name}, in the secret {name}; "
                    f"what is shorter than {SHORTEST} characters, or an example's, is not taken"
                )
                raise Rejected(401, "no_secret", advice)
            signed = webhook.verify(request, [*common, *owned], now)
            return "" if signed in common else owned[signed]

        return checked(self._secrets, name, now, _UNSURE, check)

    def _taken(self, record: dict[str, Any]) -> bool:
        """Whether the record's delivery is kept, one way or the other."""
        try:
            queue = queue_of(record)
            feed, store = self._feeds.get(source_of(queue), (None, self._inbound))
            if feed is None:
                advice = f"the queue {queue} is named after no channel and no desk (…-from-<name>)"
                store.park("unknown_source", advice, queue, body_of(record))
            else:
                store.keep(feed, handed(feed, record), self._clock())
        except Exception as error:  # the queue hands it out again
            self._not_stored("fed", error)
            return False
        return True

    def _sent_ms(self, record: dict[str, Any]) -> int:
        """When the first of what the record holds happened, 0 where nobody tells. Never raises."""
        try:
            feed, _ = self._feeds[source_of(queue_of(record))]
            return min(piece.sent_ms for piece in feed.split(handed(feed, record)))
        except Exception:  # whoever takes it finds out
            return 0


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
