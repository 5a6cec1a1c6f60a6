"""Short scenes of everything that the bridge does, and what must have become of them whatever broke on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.vocabulary.records import Account
from tests.chaos import webhooks
from tests.chaos.lab import Lab
from tests.chaos.world import PICTURE, Fault
from tests.fakes import INSTAGRAM, TIKTOK

ANA = "771"
HELLO = "Hello"
POISON = "poison"
# how long (s) after a first message's webhook the desk has it, while the bridge has yet to write that down
SHOWN_S = 0.25
# Instagram takes 1,000 bytes at a time
PARTS = [f"{letter * 900} " for letter in "abc"]
MISSING = "[A message of the customer's could not be shown here."
REFUSED = "[Your reply was not delivered."
IN_PART = "[Your reply arrived only in part."
STRANGER = Account(channel="instagram", id="17841400000000999", integration="int-stranger", secret="s/none")


@dataclass(frozen=True)
class Scene:
    """`act` begins what is looked at, in a conversation with `account` that is open where `open` says so.

    Then agents have read what begins as `shown` does, the customer has received `got`, and so much is dead or parked.
    `refused` tells that the reply cannot arrive.
    """

    act: Callable[[Lab], Any]
    shown: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    account: Account = INSTAGRAM
    open: bool = True
    refused: bool = False
    dead: int = 0
    parked: int = 0

    def begun(self) -> Lab:
        """A bridge at which the scene may be played."""
        lab = Lab()
        if self.open:
            lab.customer(ANA, HELLO, self.account)
            lab.run(30)
            assert lab.idle
            assert lab.shown(ANA) == [HELLO]
        return lab

    def wrong(self, lab: Lab) -> list[str]:
        """What should not be, in words, once everything has come to rest."""
        shown = lab.shown(ANA)[1 if self.open else 0 :]
        failed = any(status == "Failed" for _, status in lab.world.receipts)
        notices = [text for text in shown if text.startswith((REFUSED, IN_PART))]
        read = [text[:60] for text in shown if text not in notices]
        got = lab.got(ANA)
        arrived = got == self.got if not failed else got == self.got[: len(got)]
        found = {
            "it does not come to rest": not lab.idle,
            f"agents read {read}": not _alike(read, self.shown),
            f"the customer got {[text[:20] for text in got]}": not arrived,
            f"receipts say {lab.world.receipts}": not self._told(lab),
            f"{len(notices)} notices": len(notices) != (1 if failed else 0),
            f"{len(lab.dead)} dead letters": not self._buried(lab),
            f"parked: {lab.parked}": len(lab.parked) != self.parked,
            f"turned away: {lab.turned_away}": bool(lab.turned_away),
        }
        return [words for words, is_wrong in found.items() if is_wrong]

    def _told(self, lab: Lab) -> bool:
        """Each answer by one kind of receipt: once, or again where the process died after telling, or the desk never
        answered. Failed where it cannot arrive, and never where all of it has."""
        for identifier in lab.answers:
            told = lab.told(identifier)
            again = identifier in lab.told_at_kill or lab.world.unanswered
            if len(set(told)) != 1 or len(told) > (2 if again else 1):
                return False
            whole = lab.got(ANA) == self.got and not self.refused
            if told[0] != ("Delivered" if whole else "Failed"):
                return False
        return True

    def _buried(self, lab: Lab) -> bool:
        """Once; the same letter lies there again where the process died between burying it and its end, because the
        queue refuses duplicates for a shorter time than a dead worker's messages rest."""
        bodies = [message["body"] for message in lab.dead]
        again = any(body in lab.dead_at_kill for body in bodies)
        return len(set(bodies)) == self.dead and len(bodies) <= self.dead + again


def _alike(read: list[str], expected: list[str]) -> bool:
    return len(read) == len(expected) and all(one.startswith(begin) for one, begin in zip(read, expected, strict=True))


def _broken(lab: Lab, fault: Fault, target: str, end: str, words: str = "", for_s: float = 1e9) -> None:
    """The target answers so on paths that end so, to bodies with these words, for so long."""
    until_s = lab.clock() + for_s

    def now(whom: str, path: str, body: bytes) -> Fault | None:
        broken = whom == target and path.endswith(end) and words.encode() in body and lab.clock() < until_s
        return fault if broken else None

    lab.world.faults = now


def _now(lab: Lab, happened: dict[str, Any], *, echo: bool = False) -> bytes:
    return webhooks.instagram(INSTAGRAM, ANA, int(lab.clock() * 1000), happened, echo=echo)


def _reaction(lab: Lab) -> None:
    reaction = {"mid": f"m-{ANA}-1", "action": "react", "reaction": "love", "emoji": "❤️"}
    lab.deliver("instagram", _now(lab, {"reaction": reaction}))


def _edit(lab: Lab) -> None:
    edit = {"mid": f"m-{ANA}-1", "text": "Hello!", "num_edit": 1}
    lab.deliver("instagram", _now(lab, {"message_edit": edit}))


def _unsend(identifier: str) -> Callable[[Lab], None]:
    def act(lab: Lab) -> None:
        lab.deliver("instagram", _now(lab, {"message": {"mid": identifier, "is_deleted": True}}))

    return act


def _elsewhere(lab: Lab) -> None:
    message = {"mid": "app-1", "text": "from the app", "is_echo": True}
    lab.deliver("instagram", _now(lab, {"message": message}, echo=True))


def _three_at_once(lab: Lab) -> None:
    now_ms = int(lab.clock() * 1000)
    said = [webhooks.instagram_message(f"m-{number}", f"{number}") for number in (1, 2, 3)]
    items = [webhooks.instagram_item(INSTAGRAM, ANA, now_ms, message) for message in said]
    lab.deliver("instagram", webhooks.instagram_batch(INSTAGRAM, items))


def _too_late(lab: Lab) -> None:
    lab.clock.advance(2 * 86_400)  # the window has closed
    lab.agent(ANA, "too late")


def _blocked(lab: Lab) -> None:
    _broken(lab, "400", "instagram", "/messages")
    lab.agent(ANA, "you blocked us")


def _blocked_half_way(lab: Lab) -> None:
    _broken(lab, "400", "instagram", "/messages", PARTS[2])
    lab.agent(ANA, "".join(PARTS))


def _told_later(lab: Lab) -> None:
    _broken(lab, "503", "genesys", "/receipt", for_s=20)
    lab.agent(ANA, "yes")


def _refused_later(lab: Lab) -> None:
    lab.clock.advance(2 * 86_400)
    _broken(lab, "503", "genesys", "", for_s=20)
    lab.agent(ANA, "too late")


def _poison(fault: Fault, text: str = POISON) -> Callable[[Lab], None]:
    def act(lab: Lab) -> None:
        _broken(lab, fault, "genesys", "/message", POISON)
        lab.customer(ANA, text)

    return act


# What waits in the bucket is told apart from what does not by its size, which takes time to read again and again.
BIG_POISON = Scene(_poison("odd", POISON + "x" * 300_000), shown=[MISSING], dead=1)


def _odd_file(lab: Lab) -> None:
    def odd(*_: object) -> None:
        raise LookupError("odd")

    lab.fetch.__class__ = type("OddFetch", (type(lab.fetch),), {"__call__": odd})
    lab.agent(ANA, "see", files=1)


def _later(lab: Lab, work: Callable[[Lab], object]) -> None:
    """When whatever came before has come to rest, if it had to wait for a worker that died, too."""
    lab.timeline.at(lab.clock() + 3600, lambda: work(lab))


def _led_by_an_ad(lab: Lab) -> None:
    told = {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1", "ads_context_data": {"ad_title": "Spring sale"}}
    lab.deliver("instagram", _now(lab, {"referral": told}))
    _later(lab, lambda lab: lab.customer(ANA, "hi"))


def _choice(lab: Lab) -> None:
    lab.answers["gen-choice"] = ANA
    lab.deliver("genesys", webhooks.genesys_choices(INSTAGRAM, ANA, "gen-choice", "Which?", ["Tea", "Milk"]))
    _later(lab, _tap)


def _tap(lab: Lab) -> None:
    """Who has got no choice writes it."""
    if not lab.world.said:
        lab.customer(ANA, "Tea")
        return
    payload = lab.world.said[-1]["quick_replies"][0]["payload"]
    tap = {"mid": "tap-1", "text": "Tea", "quick_reply": {"payload": payload}}
    lab.deliver("instagram", _now(lab, {"message": tap}))


def _comment(lab: Lab) -> None:
    lab.world.commenters["c-1"] = ANA
    lab.deliver("instagram", webhooks.instagram_comment(INSTAGRAM, ANA, int(lab.clock() * 1000), "c-1", "Lovely"))
    _later(lab, lambda lab: lab.agent(ANA, "Thank you"))


def _at_once(lab: Lab) -> None:
    """Before the bridge has written down that the first message is shown."""
    lab.customer(ANA, "hi")
    lab.timeline.at(lab.clock() + SHOWN_S, lambda: lab.agent(ANA, "yes"))


def _typing(lab: Lab) -> None:
    lab.deliver("genesys", webhooks.genesys_typing(INSTAGRAM, ANA, "typing-1"))


SCENES: dict[str, Scene] = {
    "a first text": Scene(lambda lab: lab.customer(ANA, "hi"), shown=["hi"], open=False),
    "a first text on TikTok": Scene(lambda lab: lab.customer(ANA, "hi", TIKTOK), shown=["hi"], open=False),
    "a text": Scene(lambda lab: lab.customer(ANA, "hi"), shown=["hi"]),
    "a picture": Scene(lambda lab: lab.customer(ANA, PICTURE), shown=[PICTURE]),
    "a picture on TikTok": Scene(lambda lab: lab.customer(ANA, PICTURE, TIKTOK), shown=[PICTURE], account=TIKTOK),
    "a text too big for a queue": Scene(lambda lab: lab.customer(ANA, "x" * 300_000), shown=["xxx"]),
    "three at once": Scene(_three_at_once, shown=["1", "2", "3"]),
    "a reaction": Scene(_reaction, shown=["[Reacted with ❤️ to"]),
    "an edit": Scene(_edit, shown=["[Edited a message"]),
    "an unsend": Scene(_unsend(f"m-{ANA}-1"), shown=["[Took back"]),
    "an unsend of what has not come": Scene(_unsend("m-unseen"), shown=[]),
    "a message from the app": Scene(_elsewhere, shown=["[Sent from the"]),
    "a reply": Scene(lambda lab: lab.agent(ANA, "yes"), got=["yes"]),
    "a reply on TikTok": Scene(lambda lab: lab.agent(ANA, "yes", TIKTOK), got=["yes"], account=TIKTOK),
    "a reply of three parts": Scene(lambda lab: lab.agent(ANA, "".join(PARTS)), got=PARTS),
    "a reply with pictures": Scene(lambda lab: lab.agent(ANA, "yes", files=2), got=["yes", PICTURE, PICTURE]),
    "a reply with pictures on TikTok": Scene(
        lambda lab: lab.agent(ANA, "yes", TIKTOK, files=2), got=["yes", PICTURE, PICTURE], account=TIKTOK
    ),
    "a reply after the window": Scene(_too_late, refused=True),
    "a reply that is refused": Scene(_blocked, refused=True),
    "a reply that is refused half way": Scene(_blocked_half_way, got=PARTS[:2], refused=True),
    "a reply told later": Scene(_told_later, got=["yes"]),
    "a refusal told later": Scene(_refused_later, refused=True),
    "a message that the desk refuses": Scene(_poison("400"), shown=[MISSING], dead=1),
    "a message that nobody foresaw": Scene(_poison("odd"), shown=[MISSING], dead=1),
    "a reply that nobody foresaw": Scene(_odd_file, refused=True, dead=1),
    "what an advertisement led here": Scene(_led_by_an_ad, shown=["[Came from the ad: Spring sale]"]),
    "a choice, and a tap": Scene(_choice, shown=["Tea"], got=["Which?"]),
    "a comment, and the one answer to it": Scene(_comment, shown=["[Commented on"], got=["Thank you"], open=False),
    "a reply at once": Scene(_at_once, shown=["hi"], got=["yes"], open=False),
    "typing": Scene(_typing),
    "a message to a stranger": Scene(lambda lab: lab.customer("772", "hi", STRANGER), parked=1),
    "a reply through a stranger": Scene(lambda lab: lab.agent(ANA, "hi", STRANGER), refused=True, parked=1),
}
