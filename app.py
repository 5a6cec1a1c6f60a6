"""Chalice's side of the bridge: routes and queue handlers, each a few lines; see chalicelib/."""

from __future__ import annotations

import gc
import os

gc.disable()  # nothing of what is loaded below goes again: looking for what could takes a twentieth of a cold start
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Response, SQSEvent

from chalicelib import proxy, runtime
from chalicelib.http import Request as Received
from chalicelib.http import Response as Reply


class App(Chalice):
    """Chalice, without what it does around views and none of ours asks for: docs/adr/0021-around-chalice.md."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        route = proxy.route_of(self.routes, event)
        if route is None:
            return super().__call__(event, context)
        current: Any = proxy.Current(event)
        self.current_request = current
        return proxy.viewed(route, event, self.log)


# Chalice would set our logger, which has the same name, to errors only and add a second handler.
app = App(app_name="dmdesk", configure_logs=False)

# Every method and content type is taken, so that what is refused is counted, with its reason. At AWS fewer come: API
# Gateway lets in what terraform/modules/aws/api.tf declares.
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
ANY: dict[str, Any] = {"methods": METHODS, "content_types": ["*/*"]}


@app.route("/api/social/webhook", **ANY)
def social_webhook() -> Response:
    """The one URL for customers' platforms: handshakes and deliveries."""
    return answer(runtime.current().edge.social)


@app.route("/api/genesys/outbound", **ANY)
def genesys_outbound() -> Response:
    """The desk's webhook: agents' messages, receipts, typing."""
    return answer(runtime.current().edge.desk)


@app.route("/api/media/{token}", **ANY)
def media(token: str) -> Response:
    """A file that a customer or an agent sent: leads to where it can be read now."""
    return answer(lambda request: runtime.current().door.answer(request, token))


@app.route("/api/deauthorised/{channel}", **ANY)
def deauthorised(channel: str) -> Response:
    """A platform tells that an account's owner has withdrawn the app."""
    return answer(lambda request: runtime.current().callbacks.deauthorised(request, channel))


@app.route("/api/deletion/{name}", **ANY)
def deletion(name: str) -> Response:
    """A channel's platform passes on a request to delete; who made it looks by its code."""
    return answer(lambda request: runtime.current().callbacks.deletion(request, name))


@app.route("/api/health", **ANY)
def health() -> Response:
    """For whoever watches whether the bridge is up."""
    return answer(runtime.current().edge.health)


# The queues' names matter to `chalice deploy` only; Terraform maps the real ones to these handlers.
@app.on_sqs_message(queue="dmdesk-inbound.fifo", batch_size=10, name="to_desk")
def to_desk(event: SQSEvent) -> dict[str, Any]:
    """Customers' events on their way to the agents."""
    return runtime.current().to_desk.run(event.to_dict()["Records"], remaining_s(event))


@app.on_sqs_message(queue="dmdesk-outbound.fifo", batch_size=10, name="to_customer")
def to_customer(event: SQSEvent) -> dict[str, Any]:
    """Agents' messages on their way to the customers."""
    return runtime.current().to_customer.run(event.to_dict()["Records"], remaining_s(event))


# A standard queue has no group to keep in order: whoever feeds one maps it to this function.
@app.lambda_function(name="fed")
def fed(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Deliveries that another service of AWS puts on a queue named `…-from-<channel or desk>`."""
    return runtime.current().edge.fed(event["Records"])


@app.schedule("rate(5 minutes)", name="upkeep")
def upkeep(event: CloudWatchEvent) -> None:
    """Does the chores that are due: renews access tokens before they end, finds conversations that have ended, …"""
    runtime.current().upkeep.run()


def answer(use_case: Callable[[Received], Reply]) -> Response:
    """The current request through a use case. What is answered is text, so that nothing is encoded on the way."""
    current: Any = app.current_request
    reply = use_case(proxy.received(current.to_original_event()))
    return Response(body=reply.body, status_code=reply.status, headers=proxy.headers_of(reply))


def remaining_s(event: SQSEvent) -> Callable[[], float]:
    """How many seconds the function has left, asked anew each time."""
    context: Any = event.context
    return lambda: float(context.get_remaining_time_in_millis()) / 1000


runtime.preload(os.environ.get("DMDESK_ROLE", ""))
# What is loaded by now stays. The first event would else trigger a collection that walks through all of it.
gc.freeze()
gc.enable()
