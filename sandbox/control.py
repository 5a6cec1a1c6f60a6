"""The control API: how a person or a test drives the simulators, the faults and the clock over HTTP."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

import msgspec

from sandbox.show.pages import PREFIX, SAFE, Pages
from sandbox.simulators.genesys.simulator import ConversationDead, GenesysSimulator, NotFound
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.clock import Clock, iso
from sandbox.stage.faults import Faults
from sandbox.stage.gate import Gate
from sandbox.stage.routes import CUSTOMERS, Body, Handler, Routes, Social, account_of, parsed
from sandbox.stage.web import Answer, Call, WebServer


class Bridge(Protocol):
    """The product under test, as far as the control API shows it."""

    def describe(self) -> dict[str, Any]:
        """What GET / answers."""

    def state(self) -> dict[str, Any]:
        """What GET /state answers: queues, dead_letters, parked, metrics."""

    def reset(self, meanwhile: Callable[[], None]) -> None:
        """Empty everything but the accounts; `meanwhile` is called while nothing is at work."""


class _Nothing(Body):
    pass


class _Reply(Body):
    conversation_id: str
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    type: str | None = None
    originatingEntity: Literal["Human", "Bot"] = "Human"


class _Disconnect(Body):
    conversation_id: str


class _Redeliver(Body):
    id: str


class _Receipt(Body):
    id: str
    code: str = "MediaTypeNotAllowed"
    status: str = "Failed"


class _GenesysSettings(Body):
    deduplicates: bool


class _EchoSettings(Body):
    echo: Literal["after", "before", "none"]


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
        genesys: GenesysSimulator,
        instagram: InstagramSimulator,
        tiktok: TikTokSimulator,
        clock: Clock,
        faults: Faults,
        port: int = 0,
        pages: Pages | None = None,
        more: Routes | None = None,
    ) -> None:
        self._bridge, self._genesys, self._instagram, self._tiktok = bridge, genesys, instagram, tiktok
        self._clock, self._faults = clock, faults
        self._routes: Routes = self._common_routes() | self._genesys_routes()
        social = _social_routes("instagram", instagram) | _social_routes("tiktok", tiktok)
        self._routes = {**self._routes, **social, **(more or {})}
        self._pages = pages or Pages()
        self._acts = Gate()
        self._web = WebServer(self._handle, port)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        """Stop serving; the simulators and the bridge are not touched."""
        self._web.stop()

    def _common_routes(self) -> dict[str, dict[str, Handler]]:
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

    def _genesys_routes(self) -> dict[str, dict[str, Handler]]:
        return {
            "/genesys/messages": {"GET": lambda call: self._genesys.messages()},
            "/genesys/conversations": {"GET": lambda call: self._genesys.conversations()},
            "/genesys/reply": {"POST": self._reply},
            "/genesys/redeliver": {"POST": self._redeliver},
            "/genesys/receipt": {"POST": self._receipt},
            "/genesys/disconnect": {"POST": self._disconnect},
            "/genesys/settings": {"POST": self._genesys_settings},
        }

    def _handle(self, call: Call) -> Answer:
        try:
            if call.path.startswith(PREFIX):
                return self._pages.answer(call)
            return self._answer(call)
        except NotFound as error:
            return Answer(404, {"error": f"nothing is known under the id {error.args[0]}"}, SAFE)
        except ConversationDead as error:
            return Answer(409, {"error": f"conversation {error} has failed: start a new one by writing"}, SAFE)
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
            found = methods[call.method](call)
        return found if isinstance(found, Answer) else Answer(200, found, SAFE)

    def _turn(self, call: Call) -> AbstractContextManager[None]:
        """A reset waits until whatever somebody does has been done, and then comes alone."""
        if call.method == "GET":
            return nullcontext()
        return self._acts.closed() if call.path == "/reset" else self._acts.passing()

    # --- Genesys

    def _reply(self, call: Call) -> object:
        body = parsed(call, _Reply)
        message_id = self._genesys.reply(
            body.conversation_id,
            text=body.text,
            content=body.content,
            type=body.type,
            originating_entity=body.originatingEntity,
        )
        return {"id": message_id}

    def _redeliver(self, call: Call) -> object:
        body = parsed(call, _Redeliver)
        self._genesys.redeliver(body.id)
        return {"id": body.id}

    def _receipt(self, call: Call) -> object:
        body = parsed(call, _Receipt)
        self._genesys.tell_trouble(body.id, body.code, body.status)
        return {"id": body.id}

    def _disconnect(self, call: Call) -> object:
        body = parsed(call, _Disconnect)
        self._genesys.disconnect(body.conversation_id)
        return {"disconnected": body.conversation_id}

    def _genesys_settings(self, call: Call) -> object:
        self._genesys.deduplicates = parsed(call, _GenesysSettings).deduplicates
        return {"deduplicates": self._genesys.deduplicates}

    # --- everything

    def _reset(self, call: Call) -> object:
        parsed(call, _Nothing)
        self._faults.clear()
        self._clock.offset_s = 0.0
        self._bridge.reset(self._reset_simulators)
        return {"reset": True}

    def _reset_simulators(self) -> None:
        for simulator in (self._genesys, self._instagram, self._tiktok):
            simulator.reset()

    def _time(self) -> object:
        return {"offset_s": self._clock.offset_s, "now": iso(self._clock())}

    def _shift(self, call: Call) -> object:
        self._clock.offset_s = parsed(call, _Shift).offset_s
        return self._time()

    def _add_fault(self, call: Call) -> object:
        self._faults.add(**msgspec.structs.asdict(parsed(call, _Fault)))
        return self._faults.describe()

    def _clear_faults(self, call: Call) -> object:
        self._faults.clear()
        return self._faults.describe()


def _social_routes(name: str, simulator: Social) -> dict[str, dict[str, Handler]]:
    return {
        f"/{name}/sent": {"GET": lambda call: simulator.sent()},
        f"/{name}/webhook": {"POST": lambda call: {"status": simulator.deliver(call.body)}},
        f"/{name}/say": {"POST": functools.partial(_say, simulator, CUSTOMERS[name])},
        f"/{name}/tap": {"POST": functools.partial(_tap, simulator, CUSTOMERS[name])},
        f"/{name}/settings": {"POST": functools.partial(_echo_settings, simulator)},
    }


def _say(simulator: Social, customer: str, call: Call) -> object:
    body = parsed(call, _Say)
    if not body.text:
        raise ValueError("text must not be empty")
    return {"id": simulator.write(account_of(simulator, body.account), body.customer or customer, body.text)}


def _tap(simulator: Social, customer: str, call: Call) -> object:
    body = parsed(call, _Tap)
    account = account_of(simulator, body.account)
    return {"id": simulator.tap(account, body.customer or customer, body.message_id, body.choice)}


def _echo_settings(simulator: Social, call: Call) -> object:
    simulator.echo = parsed(call, _EchoSettings).echo
    return {"echo": simulator.echo}
