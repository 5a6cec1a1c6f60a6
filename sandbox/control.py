"""The control API: how a person or a test drives the simulators, the faults and the clock over HTTP."""

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

import msgspec

from sandbox.show.pages import PREFIX, Pages
from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock, iso
from sandbox.stage.faults import Faults
from sandbox.stage.gate import Gate
from sandbox.stage.routes import SAFE, Body, Handler, Routes, account_of, parsed
from sandbox.stage.vendors import Channel, Echo, Platform, Vendors
from sandbox.stage.web import Answer, Call, WebServer


class Bridge(Protocol):
    """The product under test, as far as the control API shows it."""

    def describe(self) -> dict[str, Any]:
        """What GET / answers."""

    def state(self) -> dict[str, Any]:
        """What GET /state answers: queues, dead_letters, parked, metrics."""

    def hasten(self, passed_s: float) -> None:
        """So many seconds have passed for what rests on the queues."""

    def reset(self, meanwhile: Callable[[], None]) -> None:
        """Empty everything but the accounts; `meanwhile` is called while nothing is at work."""


class _Nothing(Body):
    pass


class _Settings(Body):
    echo: Echo | None = None
    webhooks: Literal["delivered", "lost"] | None = None


class _Say(Body):
    text: str
    customer: str | None = None
    account: str | None = None


class _Tap(Body):
    message_id: str
    choice: str
    customer: str | None = None
    account: str | None = None


class _Shift(Body):
    offset_s: float


class _Fault(Body):
    target: str
    kind: str
    status: int = 500
    retry_after: float | None = None
    rate: float = 1.0
    count: int | None = None
    seed: int = 0
    delay_ms: float = 1000
    path: str | None = None
    code: int | str | None = None
    subcode: int | None = None
    message: str | None = None


class ControlServer:
    """JSON in and out. Wrong input is 400 with what to fix, an unknown path 404 with the known ones, and 403 is for
    whoever comes from another page. `more` are the routes beside those that drive the simulators."""

    def __init__(
        self,
        bridge: Bridge,
        vendors: Vendors,
        clock: Clock,
        faults: Faults,
        port: int = 0,
        pages: Pages | None = None,
        more: Routes | None = None,
    ) -> None:
        self._bridge, self._vendors, self._clock, self._faults = bridge, vendors, clock, faults
        self._routes: dict[str, Mapping[str, Handler]] = self._common_routes()
        for channel in vendors.channels:
            self._routes |= _channel_routes(channel)
        for vendor in vendors.all:
            self._routes |= vendor.routes()
        self._routes |= more or {}
        self._pages = pages or Pages()
        self._acts = Gate()
        self._web = WebServer(self._handle, port)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        """Stop serving; the simulators and the bridge are not touched."""
        self._web.stop()

    def _common_routes(self) -> dict[str, Mapping[str, Handler]]:
        return {
            "/": {"GET": lambda call: self._bridge.describe()},
            "/state": {"GET": lambda call: self._bridge.state()},
            "/reset": {"POST": self._reset},
            "/clock": {"GET": lambda call: self._time(), "POST": self._shift},
            "/faults": {
                "GET": lambda call: self._faults.describe(),
                "POST": self._add_fault,
                "DELETE": self._clear_faults,
            },
        }

    def _handle(self, call: Call) -> Answer:
        try:
            if call.path.startswith(PREFIX):
                return self._pages.answer(call)
            return self._answer(call)
        except ValueError as error:
            return Answer(400, {"error": str(error)}, SAFE)

    def _answer(self, call: Call) -> Answer:
        methods = self._routes.get(call.path)
        if methods is None:
            return Answer(404, {"error": f"unknown path {call.path}", "paths": sorted(self._routes)}, SAFE)
        if call.method not in methods:
            allowed = ", ".join(methods)
            return Answer(405, {"error": f"use {allowed} with {call.path}"}, SAFE | {"Allow": allowed})
        with self._turn(call):
            told = methods[call.method](call)
        return told if isinstance(told, Answer) else Answer(200, told, SAFE)

    def _turn(self, call: Call) -> AbstractContextManager[None]:
        """A reset waits until whatever somebody does has been done, and then comes alone."""
        if call.method == "GET":
            return nullcontext()
        return self._acts.closed() if call.path == "/reset" else self._acts.passing()

    def _reset(self, call: Call) -> object:
        parsed(call, _Nothing)
        self._faults.clear()
        self._clock.offset_s = 0.0
        self._bridge.reset(self._reset_simulators)
        return {"reset": True}

    def _reset_simulators(self) -> None:
        for vendor in self._vendors.all:
            vendor.simulator.reset()

    def _time(self) -> object:
        return {"offset_s": self._clock.offset_s, "now": iso(self._clock())}

    def _shift(self, call: Call) -> object:
        before_s, self._clock.offset_s = self._clock.offset_s, parsed(call, _Shift).offset_s
        if self._clock.offset_s > before_s:
            self._bridge.hasten(self._clock.offset_s - before_s)
        return self._time()

    def _add_fault(self, call: Call) -> object:
        self._faults.add(**msgspec.structs.asdict(parsed(call, _Fault)))
        return self._faults.describe()

    def _clear_faults(self, call: Call) -> object:
        self._faults.clear()
        return self._faults.describe()


def _channel_routes(channel: Channel) -> Routes:
    name, platform = channel.name, channel.simulator
    return {
        f"/{name}/sent": {"GET": lambda call: platform.sent()},
        f"/{name}/webhook": {"POST": lambda call: {"status": platform.deliver(call.body)}},
        f"/{name}/say": {"POST": functools.partial(_say, channel)},
        f"/{name}/tap": {"POST": functools.partial(_tap, channel)},
        f"/{name}/do": {"POST": functools.partial(_do, channel)},
        f"/{name}/settings": {"POST": functools.partial(_settings, platform)},
        f"/{name}/lost": {"POST": functools.partial(_deliver_lost, platform)},
    }


def _say(channel: Channel, call: Call) -> object:
    body = parsed(call, _Say)
    if not body.text:
        raise ValueError("text must not be empty")
    account = account_of(channel.simulator, body.account)
    return {"id": channel.simulator.write(account, body.customer or channel.customer, body.text)}


def _tap(channel: Channel, call: Call) -> object:
    body = parsed(call, _Tap)
    account, customer = account_of(channel.simulator, body.account), body.customer or channel.customer
    return {"id": channel.simulator.tap(account, customer, body.message_id, body.choice)}


def _do(channel: Channel, call: Call) -> object:
    act = parsed(call, Act)
    return {"id": channel.do(account_of(channel.simulator, act.account), act.customer or channel.customer, act)}


def _settings(platform: Platform, call: Call) -> object:
    given = parsed(call, _Settings)
    if given.echo is not None:
        platform.echo = given.echo
    if given.webhooks is not None:
        platform.deliveries.loses = given.webhooks == "lost"
    return {"echo": platform.echo, "webhooks": "lost" if platform.deliveries.loses else "delivered"}


def _deliver_lost(platform: Platform, call: Call) -> object:
    parsed(call, _Nothing)
    return {"delivered": platform.deliveries.deliver_lost()}
