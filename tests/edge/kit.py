"""An edge over fakes, and a good delivery of each platform."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from chalicelib.edge.receive import Edge
from chalicelib.http import Request, Response
from chalicelib.pipeline.ports import SecretCache
from chalicelib.protocols.webhook import Feed
from chalicelib.registry import CHANNELS, DESKS
from chalicelib.vocabulary.records import Event
from tests.contract.registered import FEEDS, WEBHOOKS
from tests.contract.signing import signed
from tests.fakes import FakeClock, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf

PLATFORMS = ["instagram", "tiktok", "x", "genesys"]
SECRET = "the-webhook-secret-of-the-tests"
VERIFY_TOKEN = "the-verify-token"

BODIES: dict[str, bytes] = {
    "instagram": json.dumps(
        {
            "object": "instagram",
            "entry": [
                {
                    "id": "17841400000000777",
                    "time": 1_800_000_000_000,
                    "messaging": [
                        {
                            "sender": {"id": "55501"},
                            "recipient": {"id": "17841400000000777"},
                            "timestamp": 1_799_999_999_000,
                            "message": {"mid": "mid-1", "text": "Is the oolong back?"},
                        }
                    ],
                }
            ],
        }
    ).encode(),
    "tiktok": json.dumps(
        {
            "client_key": "7600000000000000777",
            "event": "im_receive_msg",
            "create_time": 1_800_000_000,
            "user_openid": "-000TeaShop",
            "content": json.dumps(
                {
                    "timestamp": 1_799_999_999_000,
                    "from_user": {"id": "+Customer/One=="},
                    "to_user": {"id": "-000TeaShop"},
                    "from": "tea_lover",
                    "conversation_id": "conv+1/a==",
                    "message_id": "msg+1/a==",
                    "type": "text",
                    "text": {"body": "Do you ship to Oslo?"},
                }
            ),
        }
    ).encode(),
    "x": json.dumps(
        {
            "data": {
                "event_uuid": "-3577827201104920132",
                "filter": {"user_id": "1111111111111111111"},
                "event_type": "dm.received",
                "payload": {
                    "direct_message_events": [
                        {
                            "type": "message_create",
                            "id": "2080763914820927863",
                            "created_timestamp": "1799999999000",
                            "message_create": {
                                "target": {"recipient_id": "1111111111111111111"},
                                "sender_id": "2222222222222222222",
                                "message_data": {"text": "Do you have a white pot?"},
                            },
                        }
                    ]
                },
            }
        }
    ).encode(),
    "genesys": json.dumps(
        {
            "id": "0f0f0f0f0f0f0f0f",
            "channel": {
                "id": "int-ig",
                "to": {"id": "55501", "idType": "Opaque"},
                "platform": "Open",
                "time": "2027-01-15T07:59:59.000Z",
            },
            "type": "Text",
            "text": "It is, since Monday.",
            "conversationId": "desk-1",
            "originatingEntity": "Human",
        }
    ).encode(),
}


def fed(platform: str, body: bytes) -> dict[str, str]:
    """A record of the queue that another service of AWS feeds."""
    arn = f"arn:aws:sqs:eu-central-1:123456789012:x-from-{platform}"
    return {"messageId": "m-1", "body": body.decode(), "eventSourceARN": arn}


class EdgeKit:
    """The edge and everything around it: the registry's channels and desks, and further ones."""

    def __init__(
        self,
        secrets: SecretCache | None = None,
        inbound: FakeQueue | None = None,
        outbound: FakeQueue | None = None,
        queue: Callable[[], FakeQueue] = FakeQueue,
        channels: Sequence[Feed] = (),
        desks: Sequence[Feed] = (),
    ) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.inbound = inbound or queue()
        self.outbound = outbound or queue()
        self.shelf = FakeShelf()
        self.desks = desks
        names = [*FEEDS, *(feed.name for feed in (*channels, *desks))]
        self.secrets = FakeSecrets(**{name: {"secrets": [SECRET]} for name in names})
        self.secrets.stored["instagram"]["verify_tokens"] = [VERIFY_TOKEN]
        self.edge = Edge(
            channels=[*(FEEDS[name] for name in CHANNELS), *channels],
            desks=[*(FEEDS[name] for name in DESKS), *desks],
            secrets=secrets or self.secrets,
            secret_names={name: name for name in names},
            inbound=self.inbound,
            outbound=self.outbound,
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def post(self, platform: str, request: Request) -> Response:
        return self.edge.desk(request) if platform in DESKS else self.edge.social(request)

    def deliver(self, platform: str, body: bytes | None = None) -> Response:
        """A well signed delivery."""
        return self.post(platform, signed(platform, BODIES[platform] if body is None else body, SECRET, self.clock()))

    def feed(self, platform: str, body: bytes) -> None:
        """A delivery, in whichever way the platform's come."""
        if platform in WEBHOOKS:
            assert self.deliver(platform, body).status == 200
        else:
            assert self.edge.fed([fed(platform, body)]) == {"batchItemFailures": []}

    def queue(self, platform: str) -> FakeQueue:
        return self.outbound if platform in DESKS else self.inbound

    @property
    def stored(self) -> list[Event]:
        return [*self.inbound.events, *self.outbound.events]
