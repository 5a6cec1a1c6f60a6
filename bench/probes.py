"""What a bridge to Amazon Connect is tried with: the deliveries on which AWS' sample fails, played by the sandbox.

Each probe says what it tries, what the sample did with it (in words, by its commit that bench/peer.md names), and plays
it. It is held where what came of it is what has to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from bench.place import AT_CONNECT, TEXT, messaging
from sandbox.bridge import Sandbox
from sandbox.simulators.connect.simulator import ConnectSimulator
from sandbox.stage.aws import BUCKET

CUSTOMER, OTHER = "1000000000000001", "1000000000000002"
PATIENCE_S, LOOK_S = 120.0, 0.05
HOUR_S, DAY_S = 3600.0, 86_400.0
SENDS = "/participant/message"


class Stage:
    """The running sandbox by its control API, from an account at Connect."""

    def __init__(self, running: Sandbox) -> None:
        self.sandbox = running
        self.connect = running.playing(ConnectSimulator)

    def get(self, path: str) -> Any:
        answer = requests.get(self.sandbox.control.url + path, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = requests.post(self.sandbox.control.url + path, json=body or {}, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def begin(self) -> None:
        """Nothing of the probe before is left."""
        self.post("/clock", {"offset_s": 0})
        requests.delete(self.sandbox.control.url + "/faults", timeout=30)
        self.post("/reset")

    def until(self, holds: Callable[[], object]) -> None:
        """Waits for what must come, and no longer than that it will not: what is there then is told."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds() and time.monotonic() < deadline:
            time.sleep(LOOK_S)

    def rest(self) -> None:
        """Nothing is under way any more."""
        self.until(lambda: not any({**(state := self.get("/state"))["queues"], **state["fed"]}.values()))

    def passes(self, seconds: float) -> None:
        """On everybody's clock."""
        self.post("/clock", {"offset_s": self.sandbox.clock.offset_s + seconds})

    def fault(self, path: str, count: int, kind: str = "status", status: int = 429) -> None:
        """The next calls of Connect's that fail."""
        self.post("/faults", {"target": "connect", "path": path, "count": count, "kind": kind, "status": status})

    def failed(self) -> int:
        """How many calls have failed so."""
        return sum(one["fired"] for one in self.get("/faults"))

    def streamed(self) -> int:
        """How many notifications have woken a function."""
        number: int = self.get("/state")["metrics"].get("received:source=connect", 0)
        return number

    # --- the two sides

    def says(self, text: str = "Hello", customer: str = CUSTOMER) -> None:
        self.post("/instagram/say", {"text": text, "account": AT_CONNECT, "customer": customer})

    def shows(self) -> None:
        """The customer sends a picture."""
        self.post("/instagram/do", {"action": "picture", "account": AT_CONNECT})

    def delivered(self, *mids: tuple[str, str]) -> list[int]:
        """One signed delivery with a text of each (customer, id): the first attempt's status."""
        events = [messaging(customer, mid, account=AT_CONNECT) for customer, mid in mids]
        entry = {"time": events[0]["timestamp"], "id": AT_CONNECT, "messaging": events}
        raw = json.dumps({"object": "instagram", "entry": [entry]})
        return [requests.post(f"{self.sandbox.control.url}/instagram/webhook", data=raw, timeout=60).json()["status"]]

    def answers(self, contact: str, **said: Any) -> str:
        identifier: str = self.post("/connect/reply", {"contact_id": contact, **said})["id"]
        return identifier

    def contacts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/connect/contacts")
        return found

    def read(self) -> list[list[str]]:
        """What agents read of customers, contact by contact; a file is told by its type."""
        return [
            [one["content"] or one["attachment"]["ContentType"] for one in contact["messages"]
             if one["role"] == "CUSTOMER" and one["type"] != "EVENT"]
            for contact in self.contacts()
        ]  # fmt: skip

    def reads(self, *wanted: list[str]) -> list[str]:
        """The contacts, once agents read this in them."""
        self.until(lambda: self.read() == list(wanted))
        return [one["contact_id"] for one in self.contacts()]

    def sent(self) -> list[dict[str, Any]]:
        """What customers received."""
        return [one["body"]["message"] for one in self.get("/instagram/sent") if one.get("message_id")]

    def got(self, count: int) -> list[str]:
        """The texts that customers received, once these are so many."""
        self.until(lambda: len(self.sent()) >= count)
        self.rest()
        return [str(one.get("text", "")) for one in self.sent()]

    def made(self, operation: str) -> int:
        """How many calls of that kind Connect has answered well."""
        return sum(one["operation"] == operation and one["status"] == 200 for one in self.get("/connect/calls"))


Outcome = dict[str, object]


@dataclass(frozen=True)
class Probe:
    """`defects` are the numbers of the sample's defects that it is about; `play` makes what came of it, which is held
    where it is `wanted`."""

    defects: str
    tries: str
    sample: str
    play: Callable[[Stage], Outcome]
    wanted: Outcome


def forged(stage: Stage) -> Outcome:
    status = stage.post("/trouble", {"name": "forged", "on": True})["status"]
    picture = messaging(CUSTOMER, "f" * 32, "https://example.com/picture.png", AT_CONNECT)
    body = json.dumps({"object": "instagram", "entry": [{"id": AT_CONNECT, "time": 1, "messaging": [picture]}]})
    url = stage.get("/")["webhook_url"]
    unsigned = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30).status_code
    stage.rest()
    return {"answers": [status, unsigned], "contacts": len(stage.contacts())}


def told_to_the_log(stage: Stage) -> Outcome:
    stage.says("Between us")
    [contact] = stage.reads(["Between us"])
    stage.answers(contact, text="Of course")
    stage.got(1)
    chat = stage.connect.chats()[0]
    log = (stage.sandbox.folder / "bridge.log").read_text(encoding="utf-8")
    secrets = [chat.token, *chat.connections, "Between us", "Of course"]
    return {"tokens and texts in the log": sum(secret in log for secret in secrets)}


def file_of_an_agent(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    stage.answers(contact, file="image")
    stage.got(1)
    [file] = stage.sent()[0]["attachments"]
    copied = str(file["payload"]["url"]).startswith(f"{stage.sandbox.aws.url}/{BUCKET}/")
    return {"sent as": file["type"], "from the bridge's own copy": copied}


def throttled(stage: Stage) -> Outcome:
    stage.fault(SENDS, 3)
    stage.says()
    stage.reads(["Hello"])
    stage.rest()
    return {"calls that failed": stage.failed(), "read": stage.read()}


def transferred(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    moved = stage.post("/connect/transfer", {"contact_id": contact})["contact_id"]
    stage.answers(moved, text="Now me")
    return {"customer got": stage.got(1)}


def left(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    stage.answers(contact, text="One moment")
    stage.got(1)
    stage.post("/connect/leave", {"contact_id": contact})
    stage.says("Anybody?")
    stage.reads(["Hello", "Anybody?"])
    stage.answers(contact, text="The next of us")
    return {"read": stage.read(), "customer got": stage.got(2)}


def picture_after_a_day(stage: Stage) -> Outcome:
    stage.says()
    stage.reads(["Hello"])
    stage.passes(25 * HOUR_S)
    stage.shows()
    stage.until(lambda: len(stage.read()[0]) > 1)
    stage.rest()
    return {"read": stage.read(), "connections": stage.made("CreateParticipantConnection")}


def picture_after_the_end(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    stage.connect.chats()[0].streams.clear()  # nobody is told
    stage.post("/connect/end", {"contact_id": contact})
    stage.shows()
    stage.until(lambda: len(stage.read()) > 1 and stage.read()[1])
    stage.rest()
    return {"read": stage.read()}


def refused(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    stage.post("/trouble", {"name": "platform_refuses", "on": True})
    stage.answers(contact, text="Too late")
    stage.until(lambda: len(stage.read()[0]) > 1)
    stage.rest()
    lines = stage.read()[0][1:]
    stage.post("/trouble", {"name": "platform_refuses", "on": False})
    return {"lines in the contact": len(lines), "that tell it": sum("not delivered" in line for line in lines)}


def repeated(stage: Stage) -> Outcome:
    answers = [status for _ in range(3) for status in stage.delivered((CUSTOMER, "1" * 32))]
    stage.reads([TEXT])
    stage.rest()
    return {"answers": answers, "read": len(stage.read()[0]), "SendMessage": stage.made("SendMessage")}


def told_twice(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    identifier = stage.answers(contact, text="Once")
    stage.got(1)
    before = stage.streamed()
    stage.post("/connect/redeliver", {"id": identifier})
    stage.until(lambda: stage.streamed() > before)
    return {"came again": stage.streamed() - before, "customer got": stage.got(1)}


def half_way(stage: Stage) -> Outcome:
    stage.fault("/contact/start-streaming", 3, status=500)
    stage.says()
    stage.reads(["Hello"])
    stage.rest()
    return {"calls that failed": stage.failed(), "read": stage.read(), "contacts": len(stage.contacts())}


def two_at_once(stage: Stage) -> Outcome:
    stage.says("One")
    stage.says("Two")
    stage.reads(["One", "Two"])
    stage.rest()
    return {"read": stage.read()}


def one_of_a_batch(stage: Stage) -> Outcome:
    stage.fault("/contact/chat", 1, status=500)
    answers = stage.delivered((CUSTOMER, "1" * 32), (OTHER, "2" * 32))
    stage.reads([TEXT], [TEXT])
    stage.rest()
    read = [len(texts) for texts in stage.read()]
    return {"answers": answers, "calls that failed": stage.failed(), "read in each contact": read}


def away(stage: Stage) -> Outcome:
    stage.fault("/", 5, status=503)
    answers = stage.delivered((CUSTOMER, "1" * 32))
    before = len(stage.contacts())
    stage.reads([TEXT])
    stage.rest()
    failed, after = stage.failed(), len(stage.read()[0])
    return {"answers": answers, "calls that failed": failed, "read before": before, "read after": after}


def own_words(stage: Stage) -> Outcome:
    stage.says("One")
    stage.says("Two")
    [contact] = stage.reads(["One", "Two"])
    stage.answers(contact, text="Hi!")
    stage.got(1)
    stage.rest()
    # the agent who joined, and the answer
    return {"notifications that woke a function": stage.streamed()}


def two_hours(stage: Stage) -> Outcome:
    stage.says("One")
    stage.reads(["One"])
    stage.passes(2 * HOUR_S)
    stage.says("Two")
    stage.reads(["One", "Two"])
    return {"read": stage.read()}


def long_reply(stage: Stage) -> Outcome:
    stage.says()
    [contact] = stage.reads(["Hello"])
    stage.answers(contact, text=" ".join(["word"] * 400))
    got = stage.got(2)
    return {"parts": len(got), "longest up to 1,000": max(map(len, got)) <= 1000, "words": " ".join(got).count("word")}


HELLO = [["Hello"]]
PROBES = (
    Probe("1", "two forged webhooks, one of them with a file to fetch",
          "both taken (200): a chat is begun, the address fetched, its body shown to an agent",
          forged, {"answers": [401, 401], "contacts": 0}),
    Probe("2", "what the log has of a text both ways",
          "whole events and the tokens of the chat", told_to_the_log, {"tokens and texts in the log": 0}),
    Probe("3", "an agent's picture", "Connect's own link is passed on, which dies in minutes; on X it is the text",
          file_of_an_agent, {"sent as": "image", "from the bridge's own copy": True}),
    Probe("4", "`SendMessage` throttled three times", "200 to the platform, and the message is gone",
          throttled, {"calls that failed": 3, "read": HELLO}),
    Probe("5", "a reply after a transfer", "dropped, as are all after it", transferred, {"customer got": ["Now me"]}),
    Probe("6", "the agent leaves, the customer writes, the next agent replies",
          "the session's row is deleted: a second contact, and the replies of the first are dropped",
          left, {"read": [["Hello", "Anybody?"]], "customer got": ["One moment", "The next of us"]}),
    Probe("7, 17", "a picture when the connection has expired", "both calls fail, both are swallowed, 200: gone; "
          "for a text a new contact is begun, and the agent loses the thread",
          picture_after_a_day, {"read": [["Hello", "image/png"]], "connections": 2}),
    Probe("7", "a picture when the contact has ended, and nobody has told",
          "gone in the same way", picture_after_the_end, {"read": [["Hello"], ["image/png"]]}),
    Probe("9", "a reply that the platform refuses", "an exception, twice repeated; no agent is told",
          refused, {"lines in the contact": 1, "that tell it": 1}),
    Probe("10", "the same webhook three times", "3 `SendMessage`",
          repeated, {"answers": [200, 200, 200], "read": 1, "SendMessage": 1}),
    Probe("10", "the same notification twice", "the customer gets it twice",
          told_twice, {"came again": 1, "customer got": ["Once"]}),
    Probe("11", "a first message that fails half way, three times", "3 contacts, none of them remembered",
          half_way, {"calls that failed": 3, "read": HELLO, "contacts": 1}),
    Probe("12", "two quick first messages", "2 contacts, 2 rows; later messages go to either",
          two_at_once, {"read": [["One", "Two"]]}),
    Probe("13", "a delivery of two messages, one of which fails at first",
          "500: both come again, and the one that was sent is sent again",
          one_of_a_batch, {"answers": [200], "calls that failed": 1, "read in each contact": [1, 1]}),
    Probe("14", "a first message while Connect answers 503",
          "5 to 10 calls in series before the platform is answered, whose timeouts make the duplicates above",
          away, {"answers": [200], "calls that failed": 5, "read before": 0, "read after": 1}),
    Probe("15", "what two texts and a reply stream back", "each event wakes a function, and reads a secret",
          own_words, {"notifications that woke a function": 2}),
    Probe("16", "the customer writes again after two hours", "the session has died after one: a second contact",
          two_hours, {"read": [["One", "Two"]]}),
    Probe("18", "a reply of 1,999 characters", "goes out as it is, and Instagram refuses it",
          long_reply, {"parts": 2, "longest up to 1,000": True, "words": 400}),
)  # fmt: skip
