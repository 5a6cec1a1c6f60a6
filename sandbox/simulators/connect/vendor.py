"""Amazon Connect as the sandbox plays it: one instance, at which all accounts at Connect are received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from chalicelib.desks.connect.translate import TRANSLATOR
from chalicelib.desks.connect.webhook import VISIBILITY, WEBHOOK
from chalicelib.errors import Malformed
from chalicelib.pipeline.presenting import desk_id
from chalicelib.protocols.webhook import Notice
from chalicelib.vocabulary import records
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage
from sandbox.simulators.connect.contacts import TYPING, Chat, Item
from sandbox.simulators.connect.desktop import Workspace
from sandbox.simulators.connect.instance import FLOW
from sandbox.simulators.connect.routes import ConnectRoutes
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.simulators.connect.streaming import SERVICE, message
from sandbox.simulators.connect.topics import SnsTopics
from sandbox.stage.aws import ACCOUNT, REGION
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.purposes import Purpose, Tails, by_tail
from sandbox.stage.routes import Routes
from sandbox.stage.sources import fed, json_object
from sandbox.stage.vendors import Account, Desk, Masked, Reply, Seen, Topic

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:dmdesk-connect"
# What customers say and do themselves wakes no function, but what became of a file of theirs. A chat's end has no role,
# and a notification without the attribute passes only where the filter says so.
# docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
FILTER: Mapping[str, Any] = {
    "MessageVisibility": ["CUSTOMER", "ALL", {"exists": False}],
    "$or": [{"ParticipantRole": [{"anything-but": ["CUSTOMER"]}, {"exists": False}]}, {"Type": ["ATTACHMENT"]}],
}
_SENDS = "/participant/message"
_PROFILES = "customer-profiles"
_TAILS: Tails = (
    (_SENDS, "message"),
    ("/profiles/objects", "profile"),
    ("/participant/connection", "token"),
    ("/participant/transcript", "is_open"),
    ("/participant/attachment", "file"),
    ("-attachment-upload", "upload"),
)
_FACTS = ("source", "profileUrl")


class Connect(Desk):
    """One instance, whose contacts the bridge's are."""

    name = "connect"
    title = "Amazon Connect"
    source = fed(WEBHOOK, "out")
    secrets: ClassVar[dict[str, str]] = {}
    creates = (_SENDS, "/participant/complete-attachment-upload")
    flags: ClassVar[Mapping[str, str]] = {_PROFILES: "customers are put into a domain of Customer Profiles, too"}
    looks: ClassVar[Mapping[str, str]] = {"/connect/contacts": "what Amazon Connect's agents see"}
    simulator: ConnectSimulator

    def __init__(self, simulator: ConnectSimulator, *, registers: bool = False) -> None:
        self.simulator = simulator
        self._registers = registers
        self._accounts: dict[tuple[str, str], Account] = {}

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Connect:
        simulator = ConnectSimulator(clock, faults, region=REGION, account=ACCOUNT, topic=TOPIC)
        return cls(simulator, registers=_PROFILES in flags)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        if path.endswith("/participant/event"):
            return "typing" if json_object(body).get("ContentType") == TYPING else "receipt"
        return "upload" if path.startswith("/connect-attachments/staging/") else by_tail(path, _TAILS)

    def settings(self) -> dict[str, str]:
        instance, url = self.simulator.instance, self.simulator.url
        told = {"connect_instance": instance.id, "connect_flow": FLOW, "connect_topic": TOPIC}
        if self._registers:
            told["connect_profiles_domain"] = self.simulator.domain.name
        return told | dict.fromkeys(("connect_api", "connect_participant_api", "connect_profiles_api"), url)

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {}

    def masked(self) -> Masked:
        members = ("ParticipantToken", "ConnectionToken", "NextToken")
        return Masked(headers=("x-amz-bearer", "x-amz-security-token"), members=members)

    def topic(self) -> Topic:
        return Topic(TOPIC, SERVICE, self.simulator.instance.arn, FILTER)

    def publishes(self, sns: Any) -> None:
        self.simulator.tells(SnsTopics(sns))

    def routes(self) -> Routes:
        return ConnectRoutes(self.simulator).routes()

    def connect(self, accounts: Iterable[Account], webhook_url: str) -> None:
        """There is nothing to set up: an account is told by what its contacts bear."""
        self._accounts = {(one["channel"], one["id"]): one for one in accounts}

    def whose(self, conversation: str) -> tuple[str, str]:
        chat = self.simulator.hall.chats.of(conversation)
        return (chat.attributes.get("channel", ""), chat.asked.get("CustomerId", "")) if chat else ("", "")

    def show(self, tell: Callable[[dict[str, Any]], None], channels: Mapping[str, str]) -> None:
        self.simulator.hall.watch = Workspace(self.simulator.hall, tell, _offered)

    def replies(self) -> list[Reply]:
        """There are no receipts: that a reply failed is told by a line in its contact."""
        told = {call["client_token"] for call in self.simulator.calls() if call["status"] == 200}
        return [
            Reply(item.id, _notice(chat, item), self._notice_of(chat, item) in told)
            for chat, item in self.simulator.replies()
        ]

    def calls(self) -> list[dict[str, Any]]:
        """What was said; a text that one attempt said twice, as parts may be alike, was said once each."""
        said = [one for one in self.simulator.calls() if one.get("kind") in {"MESSAGE", "ATTACHMENT"}]
        times: Counter[tuple[str, str]] = Counter()
        for one in said:
            part = (str(one.get("trace", "")), one["text"])
            times[part] += 1
            one["nth"] = times[part]
        return said

    def shown(self, call: Mapping[str, Any]) -> str:
        return f"{str(call.get('trace', '')).rpartition('/')[0]} {call['nth']} {call['text']}"

    def seen(self, integration: str) -> Iterable[Seen]:
        for chat in self.simulator.chats():
            account = self._accounts.get(_account(chat))
            if account is None or account["integration"] != integration:
                continue
            facts = {name: value for name, value in chat.attributes.items() if name in _FACTS}
            texts = [one.content for one in chat.items if one.by is chat.customer and one.kind == "MESSAGE"]
            yield from (Seen(chat.id, text, facts) for text in texts)

    def reply(self, conversation: str, text: str) -> str:
        return self.simulator.agents.text(conversation, text)

    def receipts(self, reply: str) -> Iterable[str]:
        """None are taken."""
        return ()

    def _notice_of(self, chat: Chat, item: Item) -> str:
        """The id of the bridge's line that tells of a reply's failure."""
        account = self._accounts.get(_account(chat), {})
        names = ("channel", "id", "integration", "secret")
        row = records.Account(**{name: account.get(name, "") for name in names})
        return desk_id(row, f"notice:{item.id}")


def _account(chat: Chat) -> tuple[str, str]:
    return chat.attributes.get("channel", ""), chat.attributes.get("accountId", "")


def _notice(chat: Chat, item: Item) -> bytes:
    """What the bridge's feed is given of an item."""
    return msgspec.json.encode(Notice(message=message(chat, item), attributes={VISIBILITY: item.visibility}))


def _offered(chat: Chat, item: Item) -> dict[str, Any]:
    """The text, choices and cards of a reply, as the bridge reads them."""
    raw = msgspec.Raw(_notice(chat, item))
    try:
        read = TRANSLATOR.parse(Event(source="connect", account="", party=chat.id, id=item.id, received_ms=0, raw=raw))
    except Malformed:
        return {}
    if not isinstance(read, AgentMessage):
        return {}
    return {
        "text": read.text, "choices": msgspec.to_builtins(read.choices), "cards": msgspec.to_builtins(read.cards),
    }  # fmt: skip
