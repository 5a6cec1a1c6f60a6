"""A simulated Amazon Connect: one instance, its two APIs over HTTP, its agents, and the stream that tells of them.

What it takes and refuses are botocore's own service models (see wire), what the reference says beside them, and the
quotas of the administrators' guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.simulators.connect.agents import Agents
from sandbox.simulators.connect.contacting import Contacting
from sandbox.simulators.connect.contacts import DENIED, Chat, Item
from sandbox.simulators.connect.hall import Hall
from sandbox.simulators.connect.instance import Describing, Instance
from sandbox.simulators.connect.participating import Participating
from sandbox.simulators.connect.profiles import Domain, Registering
from sandbox.simulators.connect.quotas import Rates
from sandbox.simulators.connect.streaming import NoTopics, Stream, Topics
from sandbox.simulators.connect.uploads import DOWNLOADS
from sandbox.simulators.connect.wire import ApiError, Operation, asked, found, operations
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.served import Served
from sandbox.stage.watching import traced
from sandbox.stage.web import Answer, Call, Outcome

# What leaves something behind when it was done and not answered.
CREATES = (
    "StartChatContact", "StartContactStreaming", "CreatePersistentContactAssociation", "CreateParticipantConnection",
    "SendMessage", "SendEvent", "StartAttachmentUpload", "CompleteAttachmentUpload", "StopContact",
    "StopContactStreaming", "UpdateContactAttributes", "DisconnectParticipant", "PutProfileObject",
)  # fmt: skip
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/\s]+/\d{8}/([\w-]+)/([\w-]+)/aws4_request")
_SIGNED_FOR = {"customer-profiles": "profile"}
_BEARER = {"ParticipantToken", "ConnectionToken"}


class ConnectSimulator(Served):
    """One instance; both of its APIs and its files' addresses answer on the same `url`."""

    def __init__(
        self,
        clock: Callable[[], float],
        faults: Faults,
        *,
        region: str,
        account: str = "000000000000",
        topic: str = "",
        port: int = 0,
    ) -> None:
        """`topic` is where `agents.stream` publishes."""
        self.instance = Instance(region, account)
        self.stream = Stream(self.instance.arn, account, NoTopics())
        self._clock, self._faults = clock, faults
        faults.enter("connect", numbered=False)
        self._rates = Rates(clock)
        self._log: list[dict[str, Any]] = []
        super().__init__(self._handle, port)
        self.hall = Hall(clock, self.instance, self.stream, self.url)
        self.agents = Agents(self.hall, topic)
        self.domain = Domain()
        parts = (
            Contacting(self.hall),
            Participating(self.hall),
            Describing(self.instance),
            Registering(self.domain),
        )
        self._operations = {name: do for part in parts for name, do in part.operations.items()}

    def tells(self, topics: Topics) -> None:
        """From now on the chats are told to these topics."""
        self.stream.topics = topics

    def stop(self) -> None:
        self.stream.stop()
        super().stop()

    def reset(self) -> None:
        """Forget chats, files, calls, and what is not published yet; the instance's own settings stay."""
        self.deliveries.cancel()
        self.hall.forget()
        self.stream.forget()
        with self.hall.lock:
            self._log.clear()
            self.domain.objects.clear()
            self._rates.forget()

    def media(self) -> dict[str, str]:
        """None: what agents attach has names, and an address only in a chat."""
        return {}

    # --- what tests look at

    def contacts(self) -> list[dict[str, Any]]:
        """Every chat, oldest first."""
        with self.hall.lock:
            self.hall.overdue()
            return [self.hall.summary(chat) for chat in self.hall.chats.every.values()]

    def calls(self) -> list[dict[str, Any]]:
        """Every call of the two APIs, oldest first: at, operation, status, code ("" where it was done), client_token;
        of what it left in a chat contact_id, item, kind, text; `trace` where the road names what it was made for."""
        with self.hall.lock:
            return [dict(one) for one in self._log]

    def chats(self) -> list[Chat]:
        """Every chat, oldest first."""
        with self.hall.lock:
            return list(self.hall.chats.every.values())

    def profiles(self) -> list[dict[str, Any]]:
        """What was put into the domain of Customer Profiles."""
        with self.hall.lock:
            return self.domain.told()

    def replies(self) -> list[tuple[Chat, Item]]:
        """What agents and bots said to customers, oldest first. What a flow says of its own is no reply."""
        with self.hall.lock:
            told = [(chat, item) for chat in self.hall.chats.every.values() for item in chat.items if _said(item)]
        return sorted(told, key=lambda one: one[1].at)

    # --- the API

    def _handle(self, call: Call) -> Answer | Outcome:
        if call.path.startswith(DOWNLOADS):
            fault = self._faults.pick("connect", call.path, accepting=call.method == "PUT")
            return struck(fault, work=lambda: self._file(call), refuse=_bare, pause=self._web.pause)
        known = found(operations(frozenset(self._operations)), call)
        if known is None:
            return Answer(
                404, {"Message": "there is no such operation"}, {"x-amzn-ErrorType": "UnknownOperationException"}
            )
        operation, named = known
        fault = self._faults.pick("connect", f"{call.path} {operation.name}", accepting=operation.name in CREATES)
        return struck(
            fault,
            work=lambda: self._work(operation, call, named),
            refuse=lambda fault: _refused(operation, fault),
            pause=self._web.pause,
        )

    def _file(self, call: Call) -> Answer:
        with self.hall.lock:
            return self.hall.shelf.answer(call)

    def _work(self, operation: Operation, call: Call, named: dict[str, str]) -> Answer:
        """Done, and kept in the log."""
        entry: dict[str, Any] = {"at": self._clock(), "operation": operation.name, "status": 200, "code": ""} | traced(
            call
        )
        with self.hall.lock:
            self.hall.overdue()
            try:
                given = self._permitted(operation, call, named)
                entry["client_token"] = given.get("ClientToken", "")
                self.hall.latest = None
                body = self._operations[operation.name](given)
                entry |= _left(self.hall.latest)
            except ApiError as error:
                entry |= {"status": operation.status(error.code), "code": error.code}
                return operation.refuse(error)
            finally:
                self._log.append(entry)
        return Answer(operation.model.http.get("responseCode", 200), body)

    def _permitted(self, operation: Operation, call: Call, named: dict[str, str]) -> dict[str, Any]:
        """The parameters of a call that may be made. Raises ApiError."""
        participant = operation.service == "connectparticipant"
        if participant and _BEARER & set(operation.model.input_shape.members) and not call.header("X-Amz-Bearer"):
            raise DENIED
        if not participant:
            self._check_signed(call, _SIGNED_FOR.get(operation.service, operation.service))
        if self.hall.switches.throttles and not self._rates.take(operation.name):
            raise ApiError(operation.throttled, "Rate exceeded")
        given = asked(operation, call, named)
        if "InstanceId" in given and given["InstanceId"] != self.instance.id:
            raise ApiError("ResourceNotFoundException", "there is no such instance")
        return given

    def _check_signed(self, call: Call, service: str) -> None:
        """For which service and Region a call is signed; the signature itself is not recalculated."""
        scope = _SCOPE.match(call.header("Authorization"))
        if scope is None:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        if scope.groups() != (self.instance.region, service):
            raise ApiError("AccessDeniedException", f"signed for {scope[2]} in {scope[1]}")


def _left(latest: tuple[Chat, Item] | None) -> dict[str, Any]:
    """What a call left in its chat; a repeated one leaves nothing."""
    if latest is None:
        return {}
    chat, item = latest
    text = item.content or next((one.name for one in item.files), "")
    return {"contact_id": chat.id, "item": item.id, "kind": item.kind, "text": text}


def _said(item: Item) -> bool:
    if item.kind == "EVENT" or item.by is None or item.visibility == "AGENT":
        return False
    return item.by.role != "CUSTOMER" and item.by.name != "SYSTEM_MESSAGE"


def _refused(operation: Operation, fault: Fault) -> Answer:
    """A fault's answer: its code, or the one that the API has for its status."""
    codes = {429: operation.throttled, 403: "AccessDeniedException", 500: "InternalServiceException"}
    code = str(fault.code or codes.get(fault.status, "ServiceUnavailableException"))
    return Answer(fault.status, {"Message": fault.message or code}, {"x-amzn-ErrorType": code, **fault.headers})


def _bare(fault: Fault) -> Answer:
    return Answer(fault.status, b"", fault.headers, "application/xml")
