"""`python -m bench.scale`: plays the model at four loads, and writes the tables and the picture of docs/scale.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench import figures
from bench.scale import arrivals, check, cost, inputs, limits, model
from bench.scale.inputs import DAY_S, Assumed, Deployment, Traffic
from bench.scale.picture import Bar, picture

DOCS = Path(__file__).resolve().parents[2] / "docs"
LOADS = (1e4, 1e5, 1e6, 1e7)
# The period of the latency alarms (terraform/modules/aws/traffic.tf); the last load's is shorter, or it takes minutes.
STRETCH_S, SHORT_S = 900.0, 300.0
MEMORIES = (256, 512, 1024, 1769)

Rows = Sequence[Sequence[str]]


def main() -> None:
    """Prints what it writes."""
    page = DOCS / "scale.md"
    text = page.read_text(encoding="utf-8")
    for name in TABLES:
        made = table(name)
        print(f"{name}\n{made}\n", flush=True)
        text = filled(text, name, made)
    page.write_text(text, encoding="utf-8")
    (DOCS / "pictures" / "scale.svg").write_text(picture(_bars(figures.read())), encoding="utf-8")


def table(name: str) -> str:
    """The table of that name, made anew of what was measured last."""
    return _markdown(TABLES[name](figures.read()))


def filled(page: str, name: str, table: str) -> str:
    """The page with another table of that name. Raises ValueError where it has no place for it."""
    place = re.compile(rf"(<!-- {name}: by python -m bench\.scale -->\n).*?(\n<!-- end -->)", re.DOTALL)
    page, count = place.subn(lambda found: f"{found[1]}\n{table}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"docs/scale.md has {count} places for {name}")
    return page


def _all(measured: figures.Figures) -> tuple[Traffic, list[limits.Limit]]:
    """The limits of the defaults, narrowest first."""
    traffic, default = Traffic(messages_a_day=1e5), Deployment()
    times = inputs.times(measured, default, Assumed())
    found = [*limits.limits(measured, limits.Setup(), times, traffic), *limits.others(traffic)]
    return traffic, sorted(found, key=lambda one: min(one.full_at(traffic), one.full_at(traffic, burst=True)))


def _limits(measured: figures.Figures) -> Rows:
    traffic, found = _all(measured)
    rows = [["limit", "whose", "full in a burst at", "full in the busiest hour at", "what moves it"]]
    for one in found:
        burst, hour = one.full_at(traffic, burst=True), one.full_at(traffic)
        rows.append([one.name, one.whose, _many(min(burst, hour)), _many(hour), one.moves])
    return rows


def _bars(measured: figures.Figures) -> list[Bar]:
    traffic, found = _all(measured)
    return [Bar(one.name, one.whose, one.full_at(traffic, burst=True), one.full_at(traffic)) for one in found]


def _loads(measured: figures.Figures) -> Rows:
    head = ["messages a day", "with", "fullest (in the burst)", "text p50", "p95", "p99", "reply p95", "oldest",
            "rings"]  # fmt: skip
    rows = [head]
    for messages in LOADS:
        traffic = Traffic(messages_a_day=messages)
        times = inputs.times(measured, Deployment(), Assumed())
        for name, setup in {"defaults": limits.Setup(), "advised": limits.advised(measured, times, traffic)}.items():
            rows.append([f"{messages:,.0f}", name, *_load(measured, traffic, setup)])
    return rows


def _load(measured: figures.Figures, traffic: Traffic, setup: limits.Setup) -> list[str]:
    deployment = setup.deployment
    seconds = SHORT_S if traffic.messages_a_day > 5e6 else STRETCH_S
    times = inputs.times(measured, deployment, Assumed())
    found = limits.limits(measured, setup, times, traffic)
    worst = max(found, key=lambda one: max(one.used(traffic), one.used_in_burst(traffic)))
    used = max(worst.used(traffic), worst.used_in_burst(traffic))
    units = {name: getattr(measured, name).write_units for name in ("text", "first_text", "reply")}
    bounds = model.Limits(sends_s=model.Limits().sends_s * setup.accounts, table_writes_s=setup.table_writes_s)
    came = model.Bridge(arrivals.busiest(traffic, seconds), deployment, times, bounds, units).run(seconds)
    text, reply = came.delays["text"], came.delays["reply"]
    undelivered = sum(came.sent.values()) - sum(came.delivered.values())
    overloaded = undelivered > 0.02 * sum(came.sent.values())
    spans = ["–"] * 4 if overloaded else [_span(one) for one in (text.p50, text.p95, text.p99, reply.p95)]
    oldest = max(came.oldest_s.values())
    return [
        f"{worst.name}: {used:.0%}" if used < 2 else f"{worst.name}: {used:.0f} times as much",
        *spans,
        f"falls behind; {_backlog(worst, traffic)}" if overloaded else _span(oldest),
        _rings(came, deployment, oldest, overloaded=overloaded) or "nothing",
    ]


def _backlog(worst: limits.Limit, traffic: Traffic) -> str:
    """How a day of it ends."""
    whole = traffic.messages_a_day / 2 * (worst.text + worst.reply) / (worst.capacity_s * DAY_S)
    if whole > 1:
        return f"a day's messages take {whole:.1f} days"
    turns, waits_s = limits.backlog(traffic, worst)
    return f"{waits_s / 3600:,.1f} h behind at the worst" if turns else "the burst has to be worked off"


def _rings(came: model.Outcome, deployment: Deployment, oldest: float, *, overloaded: bool) -> str:
    """The alarms of Terraform that would."""
    late = {"inbound": came.delays["text"].p95, "outbound": came.delays["reply"].p95}
    rings = [f"{name}-latency" for name, p95 in late.items() if p95 > deployment.latency_s]
    rings += ["oldest-message"] if oldest > deployment.oldest_message_s or overloaded else []
    rings += ["throttled"] if came.refused["webhooks"] or came.refused["replies"] else []
    return ", ".join(rings)


def _settings(measured: figures.Figures) -> Rows:
    rows = [["messages a day", "OAuth clients", "`workers.maximum_concurrency`", "`throttling.routes.webhooks`",
             "the table's warm throughput", "Instagram accounts"]]  # fmt: skip
    for messages in LOADS:
        traffic = Traffic(messages_a_day=messages)
        times = inputs.times(measured, Deployment(), Assumed())
        setup = limits.advised(measured, times, traffic)
        one = setup.deployment
        webhooks = f"{one.webhooks_rate:,.0f} a second, {one.webhooks_burst:,.0f} at once"
        own = [str(number) for number in (one.oauth_clients, one.maximum_concurrency)]
        table = f"{setup.table_writes_s:,.0f} units a second"
        rows.append([f"{messages:,.0f}", *own, webhooks, table, str(setup.accounts)])
    return rows


def _costs(measured: figures.Figures) -> Rows:
    default = Deployment()
    times = inputs.times(measured, default, Assumed())
    months = [cost.monthly(measured, default, times, Traffic(messages_a_day=messages)) for messages in LOADS]
    rows = [["dollars a month", *(f"{messages:,.0f} a day" for messages in LOADS)]]
    rows += [[what, *(f"{month[what]:,.2f}" for month in months)] for what in months[0]]
    rows.append(["**together**", *(f"**{sum(month.values()):,.2f}**" for month in months)])
    per = [sum(month.values()) / (messages * cost.DAYS) * 1e4 for month, messages in zip(months, LOADS, strict=True)]
    rows.append(["for 10,000 messages", *(f"{one:.2f}" for one in per)])
    return rows


def _memory(measured: figures.Figures) -> Rows:
    traffic = Traffic(messages_a_day=1e6)
    rows = [["`workers.memory_mb`", "a text (without its desk)", "a reply (without platform and desk)", "cold start",
             "workers at 1,000,000 a day"]]  # fmt: skip
    for memory in MEMORIES:
        deployment = msgspec.structs.replace(Deployment(), worker_mb=memory)
        times = inputs.times(measured, deployment, Assumed())
        month = cost.monthly(measured, deployment, times, traffic)["Lambda, workers"]
        own = [f"{one * 1e3:,.0f} ms" for one in (times.text, times.reply, times.cold)]
        rows.append([f"{memory:,}", *own, f"${month:,.0f} a month"])
    return rows


def _figures(measured: figures.Figures) -> Rows:
    rows = [["job", "CPU time", "calls", "units written", "units read", "on the queue", "logged", "kept"]]
    for name in ("edge", "first_text", "text", "reply", "echo", "look"):
        job: figures.Job = getattr(measured, name)
        calls = ", ".join(f"{where} {count:.3g}" for where, count in job.calls.items() if count >= 0.05)
        sizes = [f"{one:,.0f} B" for one in (job.queued_bytes, job.logged_bytes, job.stored_bytes)]
        rows.append([name.replace("_", " "), f"{job.cpu_ms:.1f} ms", calls, f"{job.write_units:.1f}",
                     f"{job.read_units:.1f}", *sizes])  # fmt: skip
    return rows


def _check(_: figures.Figures) -> Rows:
    rows = [["played in both", "sandbox", "model", "model ÷ sandbox"]]
    return rows + [
        [one.name, f"{one.sandbox_s:.1f} s", f"{one.model_s:.1f} s", f"{one.ratio:.2f}"] for one in check.read().rounds
    ]


def _many(messages: float) -> str:
    """Two figures of it: the rest is noise."""
    digits = 10 ** max(0, len(f"{messages:.0f}") - 2)
    return f"{round(messages / digits) * digits:,.0f}"


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _markdown(rows: Rows) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


TABLES: dict[str, Callable[[figures.Figures], Rows]] = {
    "limits": _limits,
    "loads": _loads,
    "settings": _settings,
    "costs": _costs,
    "memory": _memory,
    "figures": _figures,
    "check": _check,
}

if __name__ == "__main__":
    main()
