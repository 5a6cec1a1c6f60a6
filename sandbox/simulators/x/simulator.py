"""A simulated X: direct messages, plain and encrypted, accounts' tokens, uploads, webhooks.

Source: docs.x.com, of which openapi.json 2.167 has the routes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

from sandbox.simulators.x.access import ALL_SCOPES, Account, App
from sandbox.simulators.x.acts import XActs, parties
from sandbox.simulators.x.api import Api
from sandbox.simulators.x.chats import Chat, Entry
from sandbox.simulators.x.files import sniffed
from sandbox.simulators.x.hooks import Hook
from sandbox.simulators.x.limits import exceeded
from sandbox.simulators.x.network import Network
from sandbox.simulators.x.routing import Done, Route
from sandbox.simulators.x.schema import EVENT_TYPES, XError, credits_exhausted, missing, problem
from sandbox.stage.acts import Act
from sandbox.stage.clock import iso
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.served import Served
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, traced
from sandbox.stage.web import Answer, Call, Outcome

_TOKEN = "/2/oauth2/token"
_LATER_S = 2  # until when an injected limit lasts, where its order does not say


class XSimulator(Served):
    """`retry_delays_s`: seconds before each new delivery of a webhook that was not answered 200; X documents none, and
    a replay of what it has told. What it holds is its `network`."""

    _webhook_timeout_s = 5.0  # as a captured delivery says in its headers; the documentation has ten

    def __init__(
        self,
        clock: Callable[[], float],
        faults: Faults,
        *,
        app: App,
        retry_delays_s: Sequence[float] = (),
        port: int = 0,
    ) -> None:
        self._clock, self._faults = clock, faults
        faults.enter("x", numbered=True)
        super().__init__(self._handle, port)
        self.network = Network(app, clock, self.deliveries, self.url, retry_delays_s, lambda: self._webhook_timeout_s)
        self._sent: list[dict[str, Any]] = []
        self._api = Api(self.network)
        self.acts = XActs(self.network)

    @property
    def echo(self) -> Echo:
        return self.network.echo

    @echo.setter
    def echo(self, when: Echo) -> None:
        self.network.echo = when

    @property
    def watch(self) -> PhoneWatch:
        return self.network.watch

    @watch.setter
    def watch(self, watch: PhoneWatch) -> None:
        self.network.watch = watch

    def reset(self) -> None:
        """Forget what was said, and pending deliveries; accounts, tokens, keys and webhooks stay."""
        self.deliveries.cancel()
        with self.network.lock:
            self.network.reset()
            self._sent.clear()

    def add_account(
        self,
        user: str,
        *,
        access_token: str,
        refresh_token: str,
        webhook_url: str,
        username: str = "our_shop",
        scopes: Sequence[str] = ALL_SCOPES,
        oauth1: tuple[str, str] = ("", ""),
        activity: bool = True,
    ) -> None:
        """Connect an account: its tokens are fresh, and what happens there goes to `webhook_url`, by the X Activity API
        or else by the Account Activity API. "" leaves that to the API's calls."""
        token, secret = oauth1
        account = Account(user, username, refresh_token, tuple(scopes), token, secret)
        network = self.network
        with network.lock:
            network.access.connect(account, access_token)
            if not webhook_url:
                return
            hook = network.hooks.enter(webhook_url, self._clock())
            if not activity:
                network.hooks.whole.add((hook.id, user))
                return
            for event_type in EVENT_TYPES:
                network.hooks.follow(event_type, "" if event_type == "oauth.revoke" else user, hook.id, "dmdesk")

    def accounts(self) -> list[str]:
        """The connected accounts' ids, oldest first."""
        return list(self.network.access.accounts)

    def sent(self) -> list[dict[str, Any]]:
        """Every call that was to send something, oldest first: at, status, path, body, message_id, code (of an error,
        or why X took a message and then did not); `account`; `text`, as the customer's app has it, where `encrypted`
        tells that it had to open it; `trace` where the road names what it was made for."""
        with self.network.lock:
            return [dict(entry) for entry in self._sent]

    def media(self) -> dict[str, str]:
        """X takes no file by its address."""
        return {}

    def write(self, account: str, customer: str, text: str) -> str:
        """A customer writes a plain message; its id, after the first delivery attempt."""
        return self.acts.say(parties(account, customer), text)

    def whisper(self, account: str, customer: str, text: str) -> str:
        """A customer writes an encrypted message; likewise."""
        return self.acts.whisper(parties(account, customer), text)

    def tap(self, account: str, customer: str, message: str, choice: str) -> str:
        """A customer taps a choice of a message; the id of the message that this is. ValueError where there is none."""
        return self.acts.do(account, customer, Act(action="tap", about=message, choice=choice))

    def deliver(self, raw: bytes) -> int | None:
        """Sign and deliver a webhook byte for byte to the app's first; the first attempt's status, None for no answer.
        ValueError where there is none."""
        with self.network.lock:
            hook: Hook | None = next(iter(self.network.hooks.hooks.values()), None)
            if hook is None:
                raise ValueError("no webhook of X's is registered")
            self.network.hooks.noted(hook, raw)
            self.network.learn(raw)
        self.network.watch.customer(raw)
        return self.network.deliver(hook, raw)

    def opened(self, conversation: str, encoded: str) -> tuple[Chat, Entry] | None:
        """An event of an encrypted conversation, as its members' apps read it; None where they cannot."""
        network = self.network
        with network.lock:
            chat = network.chats.held.get(conversation)
            if chat is None:
                return None
            kept = (one for one in chat.entries if one.encoded == encoded)
            found = next(kept, None) or network.chats.entry(chat, encoded)
            return (chat, found) if found and found.opened else None

    def file(self, name: str) -> tuple[str, bytes] | None:
        """Type and bytes of a picture, film or document, as the customer's app shows it; None where there is none. It
        is named by its path, or by conversation, hash key and key version."""
        network = self.network
        with network.lock:
            if name in network.library.held:
                file = network.library.held[name]
                return file.mime, file.body
            conversation, _, rest = name.partition("|")
            key, _, version = rest.partition("|")
            chat, ciphertext = network.chats.held.get(conversation), network.library.sealed.get((conversation, key))
            if chat is None or ciphertext is None or version not in chat.keys:
                return None
            try:
                body = network.keys.reader().decrypt_stream(ciphertext, chat.keys[version])
            except ValueError:
                return None
        return sniffed(body), body

    # --- HTTP

    def _handle(self, call: Call) -> Answer | Outcome:
        route, named = self._route(call)
        return struck(
            self._faults.pick("x", call.path, accepting=route is not None and route.sends),
            work=lambda: self._serve(call, route, named, None),
            refuse=lambda fault: self._serve(call, route, named, fault),
            pause=self._web.pause,
        )

    def _route(self, call: Call) -> tuple[Route | None, dict[str, str]]:
        for route in self._api.routes:
            found = route.path.fullmatch(call.path) if route.method == call.method else None
            if found:
                return route, found.groupdict()
        return None, {}

    def _serve(self, call: Call, route: Route | None, named: dict[str, str], fault: Fault | None) -> Answer:
        limits: dict[str, str] = {}
        who = ""
        try:
            if fault:
                raise self._injected(fault)
            with self.network.lock:
                done, limits, who = self._done(call, route, named)
        except XError as error:
            limits, done = limits | dict(error.headers), Done(error.body, error.status, failure=_code(error))
        if route and route.sends:
            self._record(call, done, who)
        if done.before:
            done.before()  # outside the lock: whoever is told may call
        # its clock is the sandbox's, by which its limits end
        headers = {"Date": formatdate(self._clock(), usegmt=True), **limits}
        return Answer(done.status, done.body, headers, done.mime, done.after)

    def _done(self, call: Call, route: Route | None, named: dict[str, str]) -> tuple[Done, dict[str, str], str]:
        """What the call came to, the headers of its limit, and for whom it was made."""
        network = self.network
        if (call.method, call.path) == ("POST", _TOKEN):
            return Done(network.access.refresh(call)), {}, ""
        if call.method == "GET" and (open_to_all := self._api.public(call.path)):
            return open_to_all, {}, ""
        if route is None:
            raise missing("route", call.path)
        caller = network.access.caller(call, self.url, route.ways, route.scopes)
        who = caller.account.id if caller.account else ""
        headers = network.limits.take(who, route.kind)
        if not network.credits and route.kind != "other":
            raise credits_exhausted()
        return route.work(caller, call, **named), headers, who

    def _injected(self, fault: Fault) -> XError:
        """An error as it is ordered: by a code of X's, by its words, or by the status alone."""
        if fault.status == 429 and fault.code is None and fault.message is None:
            end = int(self._clock() + (fault.retry_after or _LATER_S))
            names = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset")
            return exceeded(dict(zip(names, ("15", "0", f"{end}"), strict=True)))
        if fault.code is not None and fault.code != fault.status:
            words = fault.message or "Injected fault."
            return XError(fault.status, {"errors": [{"code": int(fault.code), "message": words}]}, fault.headers)
        made = problem(fault.status, fault.message or "")
        return XError(made.status, made.body, fault.headers)

    def _record(self, call: Call, done: Done, who: str) -> None:
        body: object = call.body.decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            body = call.json()
        entry = {
            "at": iso(self._clock()),
            "status": done.status,
            "path": call.path,
            "body": body,
            "message_id": done.message_id,
            "code": done.failure or None,
            "account": who,
            "text": done.text,
            "encrypted": call.path.startswith("/2/chat/"),
        }
        with self.network.lock:
            self._sent.append(entry | traced(call))


def _code(error: XError) -> str:
    """What names an error: X's code, or its words."""
    told = error.body.get("errors")
    code = told[0].get("code") if isinstance(told, list) and told else None
    return str(code if code is not None else error.body.get("detail") or json.dumps(dict(error.body)))
