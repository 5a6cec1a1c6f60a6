"""The model of many machines keeps what must be kept: nothing vanishes, conversations stay in order, nobody works more
than all the time, and where theory knows the answer, it is the model's."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import figures
from bench.scale import __main__ as scale
from bench.scale import arrivals, check, cost, inputs, limits, prices, quotas
from bench.scale.engine import Bucket, Engine, Station, Window
from bench.scale.inputs import Assumed, Deployment, Times, Traffic
from bench.scale.model import Arrival, Bridge, Limits, Outcome
from bench.scale.picture import LEFT, RIGHT, Bar, picture
from bench.scale.queue import Fifo, Message
from chalicelib.rules import budgets
from tests.papers import ROOT

FIGURES = figures.read()
TIMES = inputs.times(FIGURES, Deployment(), Assumed())
UNITS = {"text": 6.0, "first_text": 8.0, "reply": 9.0}
QUICK = Times(
    edge=0.0, text=0.1, first_text=0.2, reply=0.2, echo=0.02, look=0.04, desk=0.1, platform=0.1, platform_calls=1.0
)  # fmt: skip


def played(
    come: list[Arrival], until: float = float("inf"), limits_: Limits | None = None, **settings_: float
) -> Outcome:
    deployment = msgspec.structs.replace(Deployment(), **settings_)
    return Bridge(come, deployment, QUICK, limits_ or Limits(), UNITS).run(until)


def texts(count: int, every_s: float = 0.0, customers: int = 10**9) -> list[Arrival]:
    return [(number * every_s, "text", f"c{number % customers}") for number in range(count)]


# --- what theory knows


def test_a_line_before_one_server_is_as_long_as_pollaczek_and_khinchin_say() -> None:
    """M/D/1: the mean wait is s·ρ / 2(1 - ρ). So many that chance moves it by less than a twentieth."""
    engine, dice, rate, service, waits = Engine(), random.Random(4), 0.7, 1.0, [0.0, 0]
    station = Station(engine, 1)

    def come() -> None:
        began = engine.now

        def done() -> None:
            waits[0] += engine.now - began - service
            waits[1] += 1

        station.serve(service, done)
        if engine.now < 100_000:
            engine.after(dice.expovariate(rate), come)

    come()
    engine.run()
    assert waits[0] / waits[1] == pytest.approx(service * rate / (2 * (1 - rate)), rel=0.05)
    assert station.busy.integral / engine.now == pytest.approx(rate, rel=0.02)


def test_little_s_law_holds_of_the_whole_bridge() -> None:
    """What is there at once, over time, is what each spends there: of all that came and went."""
    outcome = played(texts(500, 0.05, 40) + [(number * 0.1, "reply", f"c{number % 40}") for number in range(200)])
    assert outcome.there == pytest.approx(outcome.spent)


def test_one_worker_takes_as_long_as_all_its_messages_together() -> None:
    outcome = played(texts(50), maximum_concurrency=1)
    assert outcome.took_s == pytest.approx(50 * (QUICK.text + QUICK.desk))


def test_as_many_workers_take_that_part_of_it() -> None:
    outcome = played(texts(80), maximum_concurrency=4, batch=1)
    assert outcome.took_s == pytest.approx(20 * (QUICK.text + QUICK.desk))


def test_groups_of_a_batch_side_by_side_take_that_part_of_it() -> None:
    """The first comes alone, and the others in five batches of ten."""
    outcome = played(texts(51), maximum_concurrency=1, overlap=5)
    assert outcome.took_s == pytest.approx((1 + 5 * 2) * (QUICK.text + QUICK.desk))


def test_one_conversation_is_one_line_however_many_workers_there_are() -> None:
    outcome = played(texts(30, customers=1), maximum_concurrency=50, overlap=10)
    assert outcome.took_s == pytest.approx(30 * (QUICK.text + QUICK.desk))


@pytest.mark.parametrize("clients", [1, 3])
def test_an_oauth_client_makes_no_more_calls_in_a_minute_than_it_may(clients: int) -> None:
    """Three minutes' worth at once takes two minutes at least, and the clients' minutes are used."""
    outcome = played(texts(900 * clients), oauth_clients=clients)
    assert 120 <= outcome.took_s <= 300
    assert outcome.delivered == {"text": 900 * clients}


# --- what must be kept


@settings(max_examples=25, deadline=None)
@given(
    come=st.lists(
        st.tuples(st.floats(0, 60), st.sampled_from(["text", "first_text", "reply"]), st.sampled_from(list("abcdefg"))),
        max_size=120,
    ),
    calls=st.integers(2, 40),
    sends=st.floats(1, 10),
    workers=st.integers(2, 6),
    overlap=st.integers(1, 4),
)
def test_nothing_vanishes_nothing_overtakes_and_nobody_does_more_than_is_possible(
    come: list[Arrival], calls: int, sends: float, workers: int, overlap: int
) -> None:
    """Whatever comes, and however little is let through."""
    come = sorted(come)
    narrow = Limits(client_calls=calls, client_s=20.0, sends_s=sends, table_writes_s=50.0)
    outcome = played(come, limits_=narrow, maximum_concurrency=workers, overlap=overlap, webhooks_burst=20)
    assert outcome.delivered == outcome.sent
    replies = sum(kind == "reply" for _, kind, _ in come)
    assert sum(outcome.sent.values()) - outcome.sent.get("receipt", 0) == len(come) + replies  # each has its echo
    assert all(0 <= share <= 1 + 1e-9 for share in outcome.shares.values())
    assert outcome.there == pytest.approx(outcome.spent)


@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8), workers=st.integers(1, 4), rests=st.integers(0, 6))
@settings(max_examples=40, deadline=None)
def test_a_queue_hands_out_each_conversation_in_its_order_and_never_twice_at_once(
    sizes: list[int], workers: int, rests: int
) -> None:
    """Some looks end with a rest; a conversation is never at two workers."""
    engine, under_way, ended = Engine(), set[str](), list[Message]()
    left = itertools.count(-rests)

    def work(message: Message, _: int, done: Callable[[float | None], None]) -> None:
        assert message.group not in under_way
        under_way.add(message.group)

        def end() -> None:
            under_way.remove(message.group)
            rest = next(left) < 0
            if not rest:
                ended.append(message)
            done(2.0 if rest else None)

        engine.after(0.5, end)

    queue = Fifo(engine, work, workers=workers, overlap=2)
    for number in range(max(sizes)):
        for group, size in enumerate(sizes):
            if number < size:
                queue.put(Message(str(group), "text", 0.0, number))
    engine.run()
    for group, size in enumerate(sizes):
        assert [one.number for one in ended if one.group == str(group)] == list(range(size))
    assert queue.waiting.level == queue.busy.level == 0


def test_more_messages_are_never_there_sooner() -> None:
    """One half of the traffic beside all of it, by the same dice."""
    few = played(texts(300, 0.06, 100), maximum_concurrency=2)
    many = played(texts(600, 0.03, 100), maximum_concurrency=2)
    assert few.delays["text"].p95 <= many.delays["text"].p95
    assert few.most_waiting["inbound"] <= many.most_waiting["inbound"]


def test_more_of_what_is_short_lets_more_through() -> None:
    come = texts(900, 0.01)
    one, four = (played(come, oauth_clients=count).delays["text"].p95 for count in (1, 4))
    assert four < one / 3


def test_what_the_api_refuses_comes_again() -> None:
    outcome = played(texts(100), webhooks_rate=1, webhooks_burst=10)
    assert outcome.refused["webhooks"] >= 90
    assert outcome.delivered == {"text": 100}


def test_a_window_counts_any_span_and_what_it_refuses_does_not_count() -> None:
    engine, said = Engine(), list[float]()
    window = Window(engine, 2, 60.0)
    for at in (0.0, 30.0, 40.0, 59.9, 60.0, 61.0, 90.0):
        engine.after(at, lambda: said.append(window.take()))
    engine.run()
    assert said == [0, 0, 20, 1, 0, 29, 0]


def test_a_bucket_is_filled_by_its_rate_up_to_its_burst() -> None:
    engine, said = Engine(), list[bool]()
    bucket = Bucket(engine, 1.0, 2.0)
    for at in (0, 0, 0, 1, 1, 100, 100, 100):
        engine.after(at, lambda: said.append(bucket.take()))
    engine.run()
    assert said == [True, True, False, True, False, True, True, False]


# --- what is drawn from it


def test_a_day_brings_as_many_as_it_should_by_its_curve() -> None:
    traffic = Traffic(messages_a_day=20_000, burst=1.0)
    come = arrivals.day(traffic)
    assert len(come) == pytest.approx(20_000, rel=0.03)
    busiest = sum(20 * 3600 <= at < 21 * 3600 for at, _, _ in come)
    assert busiest == pytest.approx(20_000 * traffic.peak, rel=0.06)


def test_a_limit_is_full_where_its_use_is_all_of_it() -> None:
    traffic = Traffic(messages_a_day=1e5)
    for one in [*limits.limits(FIGURES, limits.Setup(), TIMES, traffic), *limits.others(traffic)]:
        there = msgspec.structs.replace(traffic, messages_a_day=one.full_at(traffic))
        assert one.used(there) == pytest.approx(1.0)
        assert one.full_at(traffic, burst=True) <= one.full_at(traffic) or one.room


def test_genesys_limit_is_full_where_the_arithmetic_says() -> None:
    """300 calls a minute are 150 turns a minute, 9,000 an hour; a tenth of a day's turns come in its busiest hour, and
    a turn is two messages."""
    one = limits.limits(FIGURES, limits.Setup(), TIMES, Traffic(messages_a_day=1e5))[0]
    assert one.full_at(Traffic(messages_a_day=1e5)) == pytest.approx(9_000 / 0.1 * 2)


@pytest.mark.parametrize("messages", [1e4, 1e5, 1e6, 1e7])
def test_what_is_advised_fills_nothing(messages: float) -> None:
    traffic = Traffic(messages_a_day=messages)
    for one in limits.limits(FIGURES, limits.advised(FIGURES, TIMES, traffic), TIMES, traffic):
        assert max(one.used(traffic), one.used_in_burst(traffic)) <= 1.0 + 1e-9, one.name


def test_a_backlog_is_what_comes_above_what_goes() -> None:
    """50 turns in each hour but one, which has 100; 60 are let through: 40 wait, and the last of them 40 minutes."""
    traffic = Traffic(messages_a_day=2_500, curve=(1.0,) * 23 + (2.0,))
    one = limits.Limit(name="", capacity_s=60 / 3600, text=1.0, reply=0.0, moves="")
    assert limits.backlog(traffic, one) == pytest.approx((40, 40 * 60))


def test_what_heaps_up_in_a_day_is_what_a_fluid_would() -> None:
    """60 calls an hour, of which a day's texts want up to 100: event by event as by the hour. Chance moves it by less
    than a fifth; who waits is not served in turn, so the unluckiest waits longer than a fluid's last."""
    traffic = Traffic(messages_a_day=2_000, burst=1.0)
    come = [(at, "text", f"c{number}") for number, (at, kind, _) in enumerate(arrivals.day(traffic)) if kind != "reply"]
    outcome = played(come, limits_=Limits(client_calls=10, client_s=600.0), maximum_concurrency=2)
    one = limits.Limit(name="", capacity_s=60 / 3600, text=1.0, reply=0.0, moves="")
    turns, waits_s = limits.backlog(traffic, one)
    assert turns == pytest.approx(90)  # by hand: 8 after the 19th hour, then 30, 70 and 90
    assert outcome.most_waiting["inbound"] == pytest.approx(turns, rel=0.2)
    assert outcome.oldest_s["inbound"] >= waits_s * 0.8


def test_prices_fall_by_their_steps() -> None:
    assert prices.tiered(15, ((10, 2.0), (float("inf"), 1.0))) == 25.0


def test_a_month_costs_as_much_more_as_there_is_more() -> None:
    """But for what stands by, and for API Gateway's steps."""
    one, ten = (cost.monthly(FIGURES, Deployment(), TIMES, Traffic(messages_a_day=count)) for count in (1e4, 1e5))
    for what in set(one) - {"Standing by"}:
        assert ten[what] == pytest.approx(10 * one[what]), what
    assert one["Standing by"] == ten["Standing by"]


# --- that it speaks of this bridge


def test_the_defaults_are_terraforms() -> None:
    text = (ROOT / "terraform" / "modules" / "aws" / "variables.tf").read_text()
    blocks = dict(re.findall(r'variable "(\w+)" \{(.*?)\n\}', text, re.DOTALL))

    def number(pattern: str, within: str) -> float:
        [found] = re.findall(pattern, within)
        return float(found)

    def default(variable: str, field: str) -> float:
        return number(rf"{field} += optional\(number, (\d+)\)", blocks[variable])

    throttle = (ROOT / "terraform" / "modules" / "aws" / "throttle.tf").read_text()
    rates = {name: (float(rate), float(burst)) for name, rate, burst in
             re.findall(r"(\w+) += \{ rate = (\d+), burst = (\d+) \}", throttle)}  # fmt: skip
    functions = (ROOT / "terraform" / "modules" / "aws" / "functions.tf").read_text()
    assert Deployment() == Deployment(
        worker_mb=int(default("workers", "memory_mb")),
        edge_mb=int(default("edge", "memory_mb")),
        maximum_concurrency=int(default("workers", "maximum_concurrency")),
        batch=int(number(r"batch_size += (\d+)", functions)),
        webhooks_rate=rates["webhooks"][0],
        webhooks_burst=rates["webhooks"][1],
        replies_rate=rates["replies"][0],
        replies_burst=rates["replies"][1],
        oldest_message_s=default("alarms", "oldest_message_s"),
        latency_s=default("alarms", "latency_s"),
    )


def test_what_waits_rests_as_the_bridge_rests_it() -> None:
    from bench.scale import model

    assert (model.PACE_S, model.LONGEST_PACE_S) == (budgets.PACE_S, budgets.LONGEST_PACE_S)


def test_the_quotas_of_connect_are_those_of_its_simulator() -> None:
    from sandbox.simulators.connect.quotas import RATES

    assert RATES["messages"] == (quotas.CONNECT_SENDS_S, quotas.CONNECT_SENDS_BURST)
    assert RATES["StartChatContact"][0] == quotas.CONNECT_STARTS_S


def test_each_job_was_measured() -> None:
    for job in (FIGURES.edge, FIGURES.text, FIGURES.first_text, FIGURES.reply, FIGURES.echo, FIGURES.look):
        assert job.cpu_ms > 0
        assert job.calls


def test_the_model_and_the_sandbox_agreed_when_they_were_last_compared() -> None:
    """Of the committed comparison, which `python -m bench.scale.check` makes anew."""
    rounds = check.read().rounds
    assert len(rounds) >= 6
    assert {one.name: one.ratio for one in rounds if not one.within} == {}


def test_the_model_of_a_round_of_the_comparison_is_what_it_was() -> None:
    """80 of 100 ms, one worker: by hand."""
    late = Times(edge=0.0, text=0.05, first_text=0.1, reply=0.1, echo=0.0, look=0.02, desk=0.05, platform=0.0)
    come: list[Arrival] = [(0.0, "text", str(number)) for number in range(80)]
    assert check.modelled(come, late, workers=1) == pytest.approx(8.0)


# --- the page


@pytest.mark.parametrize("name", ["limits", "settings", "costs", "memory", "figures", "check"])
def test_the_page_is_of_what_was_measured_last(name: str) -> None:
    """Else run `make scale`. The loads are left out: to play them takes a minute."""
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert scale.filled(page, name, scale.table(name)) == page


def test_a_page_without_a_place_for_a_table_is_told() -> None:
    with pytest.raises(ValueError, match="0 places for limits"):
        scale.filled("# How far it goes\n", "limits", "|a|")


def test_the_picture_has_a_bar_for_each_limit_as_long_as_it_goes() -> None:
    drawn = picture([Bar("near & <far>", "ours", 1e4, 1e6), Bar("b", "AWS", 2e12, 1e12)])
    assert "near &amp; &lt;far&gt;" in drawn
    bars = re.findall(rf'<rect class="([\w ]+)" x="{LEFT}" y="[\d.]+" width="([\d.]+)" height', drawn)
    names, widths = [name for name, _ in bars], [float(width) for _, width in bars]
    assert names[:4] == ["ours hour", "ours", "AWS hour", "AWS"]
    whole = RIGHT - LEFT  # 1,000 to 1,000,000,000: six decades
    assert widths[:4] == pytest.approx([whole / 2, whole / 6, whole, whole], abs=0.1)
