"""A simulated Instagram's Conversation Routing: which app has which conversation, and what each may do about it.

developers.facebook.com/docs/messenger-platform/instagram/features/conversation-routing and
developers.facebook.com/documentation/business-messaging/instagram-messaging/features/conversation-routing/apis
Two apps are connected: the bridge's, and another that the control API plays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sandbox.simulators.instagram.graph import Account
from sandbox.simulators.instagram.schema import GraphError, NonEmpty, Strict
from sandbox.stage.clock import iso
from sandbox.stage.web import Call

OURS, OTHER = "890000000000001", "890000000000002"
DAY_S = 86_400.0
LONGEST_S = 7 * 86_400
# Sending where another app has control: .../messenger-platform/error-codes
CONTROLLED = 2534037

Default = Literal["ours", "other"]
Mode = Literal["off", "ours", "other"]
"""Off ("zero config"), or which of the two is the default app."""
_APPS = {"ours": OURS, "other": OTHER}


class _To(Strict):
    id: NonEmpty


class _Asked(Strict):
    recipient: _To
    metadata: Annotated[str, Meta(max_length=1000)] | None = None
    target_app_id: str | None = None
    duration: Annotated[int, Meta(ge=1, le=LONGEST_S)] | None = None


EDGES = (
    "take_thread_control", "request_thread_control", "release_thread_control", "pass_thread_control",
    "extend_thread_control",
)  # fmt: skip
Told = Callable[[Account, str, str, dict[str, Any]], None]
"""Tells the bridge, of an account and a customer, of an event of that kind, with that body."""


@dataclass
class _Thread:
    """Which app has it until then (epoch s)."""

    app: str = ""
    until: float = 0.0


@dataclass
class State:
    """How an account's routing is set. `may_take`: our app may take control; `grants`: the other app passes what it is
    asked for."""

    mode: Mode = "off"
    may_take: bool = True
    grants: bool = False
    threads: dict[str, _Thread] = field(default_factory=dict)


class Routing:
    """By account. Whoever calls holds the simulator's lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._states: dict[str, State] = {}

    def set(self, account: str, mode: Mode, *, may_take: bool = True, grants: bool = False) -> None:
        """From now on, and as if nobody had ever written."""
        self._states[account] = State(mode, may_take, grants)

    def shown(self) -> list[dict[str, Any]]:
        """Each conversation that an app has had, as the control API tells it: `holder` is ours, other or nobody."""
        names = {OURS: "ours", OTHER: "other", "": "nobody"}
        return [
            {
                "account": account, "customer": customer, "mode": state.mode,
                "holder": names.get(self.owner(account, customer), "other"), "until": iso(thread.until),
            }
            for account, state in self._states.items() for customer, thread in state.threads.items()
        ]  # fmt: skip

    def state(self, account: str) -> State:
        return self._states.get(account) or State()

    def owner(self, account: str, customer: str) -> str:
        """The app's id, "" for nobody: control ends without a word."""
        thread = self.state(account).threads.get(customer, _Thread())
        return thread.app if thread.until > self._clock() else ""

    def gives(self, account: str, customer: str, app: str, for_s: float = DAY_S) -> None:
        """The app has it from now on."""
        self._states.setdefault(account, State()).threads[customer] = _Thread(app, self._clock() + for_s)

    def heard(self, account: str, customer: str) -> bool:
        """A customer writes. Whether our app is told of it as the one that has the conversation, or may have it."""
        state = self.state(account)
        if state.mode == "off":
            return True
        app = self.owner(account, customer) or _APPS[state.mode]
        held = state.threads.get(customer, _Thread())
        self.gives(account, customer, app, max(DAY_S, held.until - self._clock() if held.app == app else 0.0))
        return app == OURS

    def may_send(self, account: str, customer: str) -> None:
        """GraphError where another app has it, or nobody, and we are not the default app."""
        state, owner = self.state(account), self.owner(account, customer)
        default = state.mode != "other" if not owner else owner == OURS
        if not default:
            raise GraphError(100, "Another app is controlling this thread now.", CONTROLLED)

    def act(self, account: Account, edge: str, call: Call, tell: Told) -> dict[str, Any]:
        """A call to one of the edges; GraphError where it is not to be had."""
        if account.login != "facebook":
            raise GraphError(100, f"Unsupported post request. The edge {edge} does not exist", 33)
        try:
            asked = msgspec.convert(call.json(), _Asked)
        except ValueError as error:
            raise GraphError(100, f"Invalid parameter: {error}") from error
        extra = {"pass_thread_control": "target_app_id", "extend_thread_control": "duration"}
        for name in ("target_app_id", "duration"):
            if getattr(asked, name) is not None and extra.get(edge) != name:
                raise GraphError(100, f'Invalid keys "{name}" were found in the call')
        self._done(account, edge, asked, tell)
        return {"success": True}

    def _done(self, account: Account, edge: str, asked: _Asked, tell: Told) -> None:
        state, who = self.state(account.ig_id), asked.recipient.id
        owner = self.owner(account.ig_id, who)
        if edge == "take_thread_control":
            if state.mode == "off" or not state.may_take:
                raise GraphError(27, "(#27) This app is not allowed to take thread control")
            if owner != OURS:
                self.gives(account.ig_id, who, OURS)
        elif edge == "request_thread_control":
            self._requested(account, state, who, owner, tell)
        elif edge == "pass_thread_control":
            self._passed(account, state, who, owner, asked.target_app_id)
        elif owner != OURS:
            raise GraphError(100, "This app does not have thread control", CONTROLLED)
        elif edge == "release_thread_control":
            self.gives(account.ig_id, who, "", 0.0)
        elif asked.duration is None:
            raise GraphError(100, "The parameter duration is required")
        else:
            self.gives(account.ig_id, who, OURS, asked.duration)

    def _requested(self, account: Account, state: State, who: str, owner: str, tell: Told) -> None:
        if state.mode != "off":
            raise GraphError(100, "Thread control cannot be requested while a default app is set")
        if not owner:
            self.gives(account.ig_id, who, OURS)
        elif owner != OURS and state.grants:
            self.gives(account.ig_id, who, OURS)
            tell(account, who, "pass_thread_control", {"previous_owner_app_id": OTHER, "new_owner_app_id": OURS})

    def _passed(self, account: Account, state: State, who: str, owner: str, target: str | None) -> None:
        to = target or ("" if state.mode == "off" else _APPS[state.mode])
        if owner not in {"", OURS} or not to or (owner == OURS and to == OURS):
            raise GraphError(100, "Thread control cannot be passed so", CONTROLLED)
        self.gives(account.ig_id, who, to)


def features(state: State) -> dict[str, str]:
    """`messaging_feature_status`: its names are documented, its values are not."""
    return {"hop_v2": "enabled" if state.mode != "off" else "disabled", "msgr_multi_app": "disabled",
            "ig_multi_app": "enabled"}  # fmt: skip
