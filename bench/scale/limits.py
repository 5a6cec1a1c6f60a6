"""What is full first: each limit, what a turn (a text, its reply, the reply's echo) takes of it, and what moves it."""

from __future__ import annotations

import math

import msgspec

from bench.figures import Figures
from bench.scale import quotas
from bench.scale.inputs import DAY_S, HOUR_S, Deployment, Times, Traffic


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """So much a second may be had, a turn takes so much: `text` of it with the customer's message, which come in
    bursts, `reply` with the agent's, which do not. `room` is how much a burst finds beside the rate."""

    name: str
    capacity_s: float
    text: float
    reply: float
    moves: str
    # over a day instead of in the busiest hour, such as conversations that stay
    daily: bool = False
    room: float = 0.0
    # of whom it is: ours (Terraform's), AWS', a vendor's
    whose: str = "ours"

    def used(self, traffic: Traffic) -> float:
        """How much of it the busiest hour uses (1: all)."""
        turns_s = traffic.messages_a_day / 2 / DAY_S if self.daily else traffic.turns_s
        return turns_s * (self.text + self.reply) / self.capacity_s

    def used_in_burst(self, traffic: Traffic) -> float:
        """The same in the burst: its room counts as if it were spread over that."""
        if self.daily:
            return self.used(traffic)
        wanted_s = traffic.burst_turns_s * self.text + traffic.turns_s * self.reply
        return wanted_s / (self.capacity_s + self.room / traffic.burst_s)

    def full_at(self, traffic: Traffic, *, burst: bool = False) -> float:
        """How many messages a day fill it."""
        used = self.used_in_burst(traffic) if burst else self.used(traffic)
        return traffic.messages_a_day / used


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What is set: Terraform's, over how many accounts replies are spread, and what the table takes at once (units a
    second; docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html)."""

    deployment: Deployment = Deployment()
    accounts: int = 1
    table_writes_s: float = quotas.TABLE_WRITES_S


def limits(figures: Figures, setup: Setup, times: Times, traffic: Traffic) -> list[Limit]:
    """Every limit between a customer and an agent, of an account on Instagram at Genesys Cloud, and what another
    channel or desk would have instead."""
    deployment, accounts = setup.deployment, setup.accounts
    text = traffic.first * times.first_text + (1 - traffic.first) * times.text + times.desk
    reply = times.reply + times.platform_calls * times.platform + times.desk
    writes = traffic.first * figures.first_text.write_units + (1 - traffic.first) * figures.text.write_units
    calls_s = quotas.GENESYS_CALLS / quotas.GENESYS_S * deployment.oauth_clients
    most = deployment.maximum_concurrency * deployment.overlap
    answered = figures.reply.write_units + figures.echo.write_units
    return [
        Limit(name="Genesys: calls of the OAuth clients", capacity_s=calls_s, text=1.0, reply=1.0, whose="vendor",
              moves=f"one more client in the secret genesys-oauth; above {quotas.GENESYS_CLIENTS}, Genesys' support"),
        Limit(name="workers to the customer", capacity_s=most, text=0.0, reply=reply,
              moves="workers.maximum_concurrency"),
        Limit(name="workers to the desk", capacity_s=most, text=text, reply=times.echo,
              moves="workers.maximum_concurrency"),
        Limit(name="API: webhooks", capacity_s=deployment.webhooks_rate, text=1.0, reply=1.0,
              room=deployment.webhooks_burst, moves="throttling.routes.webhooks"),
        Limit(name="API: replies", capacity_s=deployment.replies_rate, text=0.0, reply=1.0,
              room=deployment.replies_burst, moves="throttling.routes.replies"),
        Limit(name="Instagram: sends of an account", capacity_s=quotas.INSTAGRAM_SENDS_S * accounts, text=0.0,
              reply=1.0, whose="vendor", moves="more accounts"),
        Limit(name="DynamoDB: what the table takes at once", capacity_s=setup.table_writes_s, whose="AWS",
              moves="the table's warm throughput; it grows by itself in half an hour", text=writes, reply=answered),
        Limit(name="DynamoDB: what is read at once", capacity_s=quotas.TABLE_READS_S, whose="AWS",
              text=figures.first_text.read_units, reply=figures.reply.read_units + figures.echo.read_units,
              moves="the table's warm throughput; it grows by itself in half an hour"),
        Limit(name="DynamoDB: the table's quota", capacity_s=quotas.TABLE_MOST_WRITES_S, whose="AWS",
              moves="Service Quotas", text=writes, reply=answered),
        Limit(name="DynamoDB: an account's part of the index", capacity_s=quotas.PARTITION_WRITES_S * accounts,
              text=1.0 + traffic.first, reply=1.0, whose="AWS", moves="more accounts"),
        Limit(name="Lambda: at once in the account", capacity_s=quotas.CONCURRENCY, text=text + times.edge,
              reply=reply + times.echo + 2 * times.edge, whose="AWS", moves="Service Quotas"),
        Limit(name="Lambda: a function's growth in 10 s", capacity_s=quotas.CONCURRENCY_GROWTH, text=text, reply=0.0,
              whose="AWS", moves="nobody"),
        Limit(name="workers, the most that may be set", capacity_s=quotas.MAPPING_CONCURRENCY * deployment.overlap,
              text=text, reply=times.echo, whose="AWS", moves="nobody"),
        Limit(name="SQS: calls of the inbound queue", capacity_s=quotas.SQS_CALLS_S, text=1.0, reply=1.0, whose="AWS",
              moves=f"Service Quotas; some regions have {quotas.SQS_CALLS_LEAST_S:,.0f}"),
        Limit(name="API Gateway: the account's requests", capacity_s=quotas.API_REQUESTS_S, text=1.0, reply=2.0,
              whose="AWS", moves="Service Quotas"),
    ]  # fmt: skip


def others(traffic: Traffic) -> list[Limit]:
    """Of the other channels and of the other desk, where all messages were theirs."""
    chats_s = quotas.CONNECT_CHATS / quotas.CONNECT_CHAT_S
    return [
        Limit(name="X: sends of the app in a day", capacity_s=quotas.X_SENDS_DAY / DAY_S, text=0.0, reply=1.0,
              daily=True, whose="vendor", moves="X alone"),
        Limit(name="Connect: chats at once, 25 hours each", capacity_s=chats_s, text=traffic.first, reply=0.0,
              daily=True, whose="vendor", moves="Service Quotas; ends that are told (a disconnect flow)"),
        Limit(name="TikTok: sends of the app", capacity_s=quotas.TIKTOK_SENDS_S, text=0.0, reply=1.0, whose="vendor",
              moves="TikTok alone"),
        Limit(name="Connect: SendMessage", capacity_s=quotas.CONNECT_SENDS_S, text=1.0, reply=0.0, whose="vendor",
              room=quotas.CONNECT_SENDS_BURST, moves="Service Quotas"),
        Limit(name="Connect: StartChatContact", capacity_s=quotas.CONNECT_STARTS_S, text=traffic.first, reply=0.0,
              whose="vendor", moves="Service Quotas"),
    ]  # fmt: skip


def advised(figures: Figures, times: Times, traffic: Traffic) -> Setup:
    """What to set for so much traffic: the busiest hour may use two thirds of each, and the burst all. Never below
    Terraform's defaults."""
    default = Deployment()
    found = {one.name: one for one in limits(figures, Setup(), times, traffic)}

    def times_of(name: str) -> float:
        one = found[name]
        return max(one.used(traffic) * 1.5, one.used_in_burst(traffic))

    most = max(times_of("workers to the customer"), times_of("workers to the desk"))
    rate = max(default.webhooks_rate, _up(default.webhooks_rate * times_of("API: webhooks"), 100))
    table = quotas.TABLE_WRITES_S * times_of("DynamoDB: what the table takes at once")
    deployment = msgspec.structs.replace(
        default,
        oauth_clients=math.ceil(times_of("Genesys: calls of the OAuth clients")),
        maximum_concurrency=max(default.maximum_concurrency, math.ceil(default.maximum_concurrency * most)),
        webhooks_rate=rate,
        webhooks_burst=2 * rate,
    )
    accounts = math.ceil(found["Instagram: sends of an account"].used(traffic) * 1.2)
    return Setup(deployment=deployment, accounts=accounts, table_writes_s=max(quotas.TABLE_WRITES_S, _up(table, 1000)))


def _up(number: float, step: int) -> float:
    return float(math.ceil(number / step) * step)


def backlog(traffic: Traffic, limit: Limit) -> tuple[float, float]:
    """What a day heaps up before the limit at most (turns), and how long the last of it then waits (s): hour by hour,
    as if messages were a fluid."""
    whole, most, held = sum(traffic.curve), 0.0, 0.0
    for share in traffic.curve * 2:  # the night before is part of it
        comes = traffic.messages_a_day / 2 * share / whole * (limit.text + limit.reply)
        held = max(0.0, held + comes - limit.capacity_s * HOUR_S)
        most = max(most, held)
    return most / (limit.text + limit.reply), most / limit.capacity_s
