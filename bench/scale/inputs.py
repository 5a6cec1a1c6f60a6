"""What the model is fed with: the deployment's settings, what is assumed, and how customers write.

What was measured comes from bench/figures.json. Everything else is here, each with where it comes from.
"""

from __future__ import annotations

from functools import partial

import msgspec

from bench.figures import Figures, Job

# With so much a function has one vCPU: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
VCPU_MB = 1769
HOUR_S, DAY_S = 3600.0, 86_400.0


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """Terraform's defaults (a test compares), and how many OAuth clients the secret lists."""

    worker_mb: int = 512
    edge_mb: int = 1024
    maximum_concurrency: int = 10
    batch: int = 10
    webhooks_rate: float = 200
    webhooks_burst: float = 400
    replies_rate: float = 500
    replies_burst: float = 1000
    oldest_message_s: float = 900
    latency_s: float = 30
    oauth_clients: int = 1
    # conversations of a batch that a worker has under way at once: fewer than Terraform's workers.at_once, so that no
    # worker is made out to be faster than it is
    overlap: int = 1


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody could measure here: how fast the others answer (ms), and how much each time spreads.

    DynamoDB's and SQS' times are what their own metrics usually show within a region ("single-digit milliseconds",
    docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html); the vendors publish none.
    """

    dynamodb_ms: float = 5.0
    sqs_ms: float = 10.0
    desk_ms: float = 120.0
    platform_ms: float = 200.0
    # of each call's time: lognormal about its mean, by this sigma; half of the calls then take less than 0.88 of it
    spread: float = 0.5
    # one core of the bench's machine beside one vCPU of Lambda's (arm64)
    processor: float = 1.0
    # of Lambda's poller: from a message's arrival to the function's start
    poll_ms: float = 20.0


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """How customers write. A message is a customer's text or an agent's reply, half of each."""

    messages_a_day: float
    # of a day's messages in each hour of it (per cent): a shop's, its evening busiest
    curve: tuple[float, ...] = (
        1.6, 1.0, 0.7, 0.5, 0.5, 0.8, 1.6, 2.6, 3.8, 4.6, 5.2, 5.4,
        5.5, 5.3, 5.1, 5.0, 5.1, 5.7, 6.8, 8.2, 10.0, 8.0, 4.4, 2.6,
    )  # fmt: skip
    # something is posted: for so long (s) customers write so many times as much as in the busiest hour. Agents do not.
    burst: float = 5.0
    burst_s: float = 120.0
    # of a customer's texts, those that begin a conversation
    first: float = 0.2
    # texts of a conversation that is under way come back so often within an hour: how many conversations there are
    texts_a_conversation: float = 3.0

    @property
    def peak(self) -> float:
        """Of a day's messages in the busiest hour."""
        return max(self.curve) / sum(self.curve)

    @property
    def turns_s(self) -> float:
        """Texts (or replies) a second in the busiest hour, without the burst."""
        return self.messages_a_day / 2 * self.peak / HOUR_S

    @property
    def burst_turns_s(self) -> float:
        """Texts a second in the burst."""
        return self.turns_s * self.burst


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long each step takes (s): of a text and a reply what is not a call to a vendor, before and behind that."""

    edge: float
    text: float
    first_text: float
    reply: float
    echo: float
    look: float
    desk: float
    platform: float
    platform_calls: float = 1.0
    poll: float = 0.0
    cold: float = 0.0
    spread: float = 0.0


def times(figures: Figures, deployment: Deployment, assumed: Assumed) -> Times:
    """What a function of that memory takes by the measured CPU time and calls, and the assumed answers."""
    worker = partial(_own_s, assumed, deployment.worker_mb)
    return Times(
        edge=_own_s(assumed, deployment.edge_mb, figures.edge),
        text=worker(figures.text),
        first_text=worker(figures.first_text) + figures.first_text.calls.get("platform", 0) * assumed.platform_ms / 1e3,
        reply=worker(figures.reply),
        echo=worker(figures.echo),
        look=worker(figures.look),
        desk=assumed.desk_ms / 1e3,
        platform=assumed.platform_ms / 1e3,
        platform_calls=figures.reply.calls.get("platform", 1.0),
        poll=assumed.poll_ms / 1e3,
        cold=figures.cold_ms.get("to_desk", 0.0) / 1e3 * VCPU_MB / deployment.worker_mb / assumed.processor,
        spread=assumed.spread,
    )


def _own_s(assumed: Assumed, memory_mb: int, job: Job) -> float:
    """Without the calls to vendors."""
    share = min(1.0, memory_mb / VCPU_MB) * assumed.processor
    aws_ms = job.calls.get("dynamodb", 0) * assumed.dynamodb_ms + job.calls.get("sqs", 0) * assumed.sqs_ms
    return (job.cpu_ms / share + aws_ms) / 1e3
