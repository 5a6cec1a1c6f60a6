"""Short scenes of everything that the bridge does, and what must have become of them whatever broke on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.vocabulary.front import Front, Routing, Thanks
from chalicelib.vocabulary.records import Account, Conversation, Erasure, Pause, mark
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
THANKED = "[The customer was thanked automatically for the "
THANKS = "Thanks a lot!"
MISSING = "[A message of the customer's could not be shown here."
REFUSED = "[Your reply was not delivered."
IN_PART = "[Your reply arrived only in part."
SURE = "[You could not be reached, and the customer was told so automatically"
UNSURE = "[You could not be reached. The customer may have been told so automatically"
AWAY_TEXT = "We are away."
SURVEY = "How did we do?"
HOUR_S = 3600.0
REST_S = 4 * HOUR_S
# the upkeep asks the desk of a conversation whose customer has not written for so long
QUIET_S = 6 * HOUR_S
STRANGER = Account(channel="instagram", id="17841400000000999", integration="int-stranger", secret="s/none")

SURVEYED = msgspec.structs.replace(INSTAGRAM, after_end=SURVEY)
_WORDS: dict[str, Any] = {"story_texts": {"en": THANKS}, "comment_texts": {"en": THANKS}}
THANKFUL = msgspec.structs.replace(INSTAGRAM, front=Front(thanks=Thanks(comments=True, **_WORDS)))
QUIETLY = msgspec.structs.replace(INSTAGRAM, front=Front(thanks=Thanks(opens=False, **_WORDS)))
SHARED = msgspec.structs.replace(
    INSTAGRAM, front=Front(routing=Routing(app="1")), options={"login": "facebook", "page": INSTAGRAM.id}
)
# a message and no more, whatever was said
MEANWHILE = "[Another app had this conversation before you."
ACKNOWLEDGED = msgspec.structs.replace(INSTAGRAM, outage_reply=True, outage_text=AWAY_TEXT)
# how long (s) after an end was told the bridge asks the desk for it
ENDED_S = 0.1


@dataclass(frozen=True)
class Scene:
    """`act` begins what is looked at, in a conversation with `account` that is open where `open` says so.

    Then agents have read what begins as `shown` does, the customer has received `got`, and so much is dead or parked.
    `early` tells that the reply may come before the message that it answers, which no agent's does: it is refused then.
    `refused` tells that the reply cannot arrive. `automatic` is what the bridge says to the customer by itself: once at
    the most, since nobody misses it as much as two annoy. `sits` is where the conversation is remembered to sit at the
    desk in the end, None where that is nothing to look at; `left` how many messages may still follow, where somebody
    has to be told.
    """

    act: Callable[[Lab], Any]
    shown: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    account: Account = INSTAGRAM
    open: bool = True
    early: bool = False
    refused: bool = False
    dead: int = 0
    parked: int = 0
    automatic: str = ""
    sits: str | None = None
    left: int | None = None

    def begun(self) -> Lab:
        """A bridge at which the scene may be played."""
        lab = Lab()
        lab.ledger.listed = [self.account if one.id == self.account.id else one for one in lab.ledger.listed]
        if self.open:
            lab.customer(ANA, HELLO, self.account)
            lab.run(30)
            assert lab.idle
            assert lab.shown(ANA) == [HELLO]
        return lab

    def rests(self, lab: Lab) -> None:
        """Lets it come to rest. What only the upkeep can mend, it mends by its second start."""
        lab.settle(REST_S)
        for _ in range(0 if self.sits is None else 2):
            lab.clock.advance(QUIET_S)
            lab.upkeep()
            lab.settle(REST_S)

    def wrong(self, lab: Lab) -> list[str]:
        """What should not be, in words, once everything has come to rest."""
        shown = lab.shown(ANA)[1 if self.open else 0 :]
        failed = any(status == "Failed" for _, status in lab.world.receipts)
        notices = [text for text in shown if text.startswith((REFUSED, IN_PART))]
        thanked = [text for text in shown if text.startswith(THANKED)]
        read = [_customers(text)[:60] for text in shown if text not in (*notices, *thanked)]
        said, got = self._received(lab)
        arrived = got == self.got if not failed else got == self.got[: len(got)]
        found = {
            "it does not come to rest": not lab.idle,
            f"agents read {read}": not _alike(read, self.shown),
            f"the customer got {[text[:20] for text in got]}": not arrived,
            f"{len(said)} automatic messages": len(said) > 1,
            f"the customer got it before {got}": bool(said) and lab.got(ANA)[-1] not in said,
            f"agents read of them {_told_of(shown)}": not self._known(said, _told_of(shown)),
            f"it sits at {_seat(lab, self.account)!r}": self.sits not in {None, _seat(lab, self.account)},
            f"agents read {thanked}": len(thanked) > (self.automatic == THANKS and bool(said)),
            "nobody is told that few may follow": not self._warned(lab),
            f"receipts say {lab.world.receipts}": not self._told(lab),
            f"{len(notices)} notices": not self._noticed(lab, len(notices), failed=failed),
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
            whole = self._received(lab)[1] == self.got and not self.refused
            if told[0] != ("Delivered" if whole else "Failed"):
                return False
        return True

    def _received(self, lab: Lab) -> tuple[list[str], list[str]]:
        """What the customer got, of the bridge itself and of others."""
        said = [text for text in lab.got(ANA) if text == self.automatic]
        return said, [text for text in lab.got(ANA) if text not in said]

    def _noticed(self, lab: Lab, notices: int, *, failed: bool) -> bool:
        """A conversation that is over, or has not begun, is not opened for a notice."""
        return notices == failed or (failed and not notices and (self.early or lab.world.over[ANA] > 0))

    def _known(self, said: list[str], told: list[str]) -> bool:
        """Whether agents read what the customer was told while the desk was away."""
        if self.automatic != AWAY_TEXT:
            return not told
        return told in ([SURE], [UNSURE]) if said else told in ([], [UNSURE])

    def _warned(self, lab: Lab) -> bool:
        """Of what arrived. A reply that has been sent does not wait for a table that cannot be asked."""
        told = {left for _, left, _ in lab.ledger.spends}
        if self.left is None or lab.got(ANA) != self.got:
            return not told
        unasked = lab.steps.failed["table thread"] + lab.steps.failed["table spend"]
        return told == {self.left} or (not told and unasked > 0)

    def _buried(self, lab: Lab) -> bool:
        """Once; the same letter lies there again where the process died between burying it and its end, because the
        queue refuses duplicates for a shorter time than a dead worker's messages rest."""
        bodies = [message["body"] for message in lab.dead]
        again = any(body in lab.dead_at_kill for body in bodies)
        return len(set(bodies)) == self.dead and len(bodies) <= self.dead + again


def _customers(text: str) -> str:
    """What the customer wrote, without what agents are told with it."""
    return text.partition("]\n")[2] if text.startswith((SURE, UNSURE)) else text


def _told_of(shown: list[str]) -> list[str]:
    return [words for text in shown for words in (SURE, UNSURE) if text.startswith(words)]


def _seat(lab: Lab, account: Account) -> str:
    return lab.ledger.thread(Conversation(account.channel, account.id, ANA)).seat.conversation


def _alike(read: list[str], expected: list[str]) -> bool:
    return len(read) == len(expected) and all(one.startswith(begin) for one, begin in zip(read, expected, strict=True))


def broken(lab: Lab, fault: Fault, target: str, end: str, words: str = "", for_s: float = 1e9) -> None:
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


def _read_without_a_sign(lab: Lab) -> None:
    broken(lab, "400", "instagram", "/messages", "mark_seen")
    lab.agent(ANA, "yes")


def _blocked(lab: Lab) -> None:
    broken(lab, "400", "instagram", "/messages")
    lab.agent(ANA, "you blocked us")


def _blocked_half_way(lab: Lab) -> None:
    broken(lab, "400", "instagram", "/messages", PARTS[2])
    lab.agent(ANA, "".join(PARTS))


def _told_later(lab: Lab) -> None:
    broken(lab, "503", "genesys", "/receipt", for_s=20)
    lab.agent(ANA, "yes")


def _refused_later(lab: Lab) -> None:
    lab.clock.advance(2 * 86_400)
    broken(lab, "503", "genesys", "", for_s=20)
    lab.agent(ANA, "too late")


def _poison(fault: Fault, text: str = POISON) -> Callable[[Lab], None]:
    def act(lab: Lab) -> None:
        broken(lab, fault, "genesys", "/message", POISON)
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


def _mention(lab: Lab) -> None:
    """In a story; the platform tells it once more when that was dealt with."""
    story = {"type": "story_mention", "payload": {"url": "https://lookaside.fbsbx.com/ig/?asset_id=9011&signature=s"}}
    lab.world.wrote(ANA, "m-story", ANA, "")
    told = _now(lab, {"message": {"mid": "m-story", "attachments": [story]}})
    lab.deliver("instagram", told)
    lab.deliver("instagram", told, 20)


def _lone_comment(lab: Lab) -> None:
    lab.world.commenters["c-1"] = ANA
    lab.deliver("instagram", webhooks.instagram_comment(INSTAGRAM, ANA, int(lab.clock() * 1000), "c-1", "Lovely"))


def _at_once(lab: Lab) -> None:
    """Before the bridge has written down that the first message is shown."""
    lab.customer(ANA, "hi")
    lab.timeline.at(lab.clock() + SHOWN_S, lambda: lab.agent(ANA, "yes"))


def _typing(lab: Lab) -> None:
    lab.deliver("genesys", webhooks.genesys_typing(INSTAGRAM, ANA, "typing-1"))


def _near_the_cap(lab: Lab) -> None:
    """Of ten messages that may follow the customer's six have been sent."""
    key = Conversation(TIKTOK.channel, TIKTOK.id, ANA).key
    lab.ledger.threads[key] = msgspec.structs.replace(lab.ledger.threads[key], replies=6)
    lab.agent(ANA, "yes", TIKTOK)


def _token_replaced(lab: Lab) -> None:
    lab.world.tokens["instagram"] = {"new"}
    lab.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
    lab.agent(ANA, "yes")


def _paused(lab: Lab) -> None:
    lab.ledger.paused = [
        Pause(
            channel="instagram",
            account=INSTAGRAM.id,
            direction=direction,
            since_s=lab.clock(),
            until_s=lab.clock() + 200,
        )
        for direction in ("inbound", "outbound")
    ]
    lab.clock.advance(60)  # the accounts are read again
    lab.customer(ANA, "hi")
    lab.agent(ANA, "yes")


def _erased(lab: Lab, source: str, account: str) -> None:
    """Whatever the source tells of the customer within half a minute goes, what comes in the next one waits."""
    lab.clock.advance(30)  # who is known to be erased is read again
    until_s = lab.clock() + 30
    erasure = Erasure(until_ms=int(until_s * 1000), open_s=until_s + 60)
    lab.ledger.erased[mark(source, account, ANA)] = erasure


def _erased_writes(lab: Lab) -> None:
    _erased(lab, "instagram", INSTAGRAM.id)
    lab.customer(ANA, "erased", after_s=5)
    lab.timeline.at(lab.clock() + 40, lambda: lab.customer(ANA, "new"))


def _erased_is_answered(lab: Lab) -> None:
    _erased(lab, "genesys", INSTAGRAM.integration)
    lab.agent(ANA, "too late")


def _to_another(lab: Lab, text: str) -> None:
    """The customer writes to another app, which has the conversation."""
    lab.world.owners[ANA] = "another"
    now_ms = int(lab.clock() * 1000)
    said = webhooks.instagram_message("m-to-another", text)
    lab.deliver("instagram", webhooks.instagram_standby(SHARED, ANA, now_ms, said))


def _passed(lab: Lab) -> None:
    _to_another(lab, "to them")

    def passes(lab: Lab) -> None:
        lab.world.owners[ANA] = "us"
        lab.deliver("instagram", _now(lab, {"pass_thread_control": {"new_owner_app_id": "1"}}))

    _later(lab, passes)


def _taken_back(lab: Lab) -> None:
    _to_another(lab, "to them")
    _later(lab, lambda lab: lab.agent(ANA, "yes"))
    lab.timeline.at(lab.clock() + 3 * HOUR_S, lambda: lab.customer(ANA, "thanks", SHARED))


def _end(lab: Lab) -> None:
    """The agent ends the conversation."""
    lab.world.over[ANA] += 1
    _told_end(lab)


def _told_end(lab: Lab) -> None:
    lab.deliver("genesys", webhooks.genesys_ended(f"desk-{ANA}", INSTAGRAM.integration, ANA))


def _reply_and_end(lab: Lab) -> None:
    """After a moment in which the desk delivers the reply again, if it was not taken."""
    lab.agent(ANA, "bye")
    lab.timeline.at(lab.clock() + 10, lambda: _end(lab))


def _end_untold(lab: Lab) -> None:
    lab.world.over[ANA] += 1
    lab.clock.advance(QUIET_S)
    lab.upkeep()


def _end_of_nobodys(lab: Lab) -> None:
    lab.deliver("genesys", webhooks.genesys_ended(f"desk-{ANA}"))


def _end_and_another(lab: Lab) -> None:
    _end(lab)
    lab.customer(ANA, "again")


def _end_and_reopened(lab: Lab) -> None:
    """The customer's next message enters the same conversation, under its id, while the end is worked on."""
    _end(lab)

    def reopened() -> None:
        lab.world.over[ANA] -= 1
        lab.customer(ANA, "again")

    lab.timeline.at(lab.clock() + ENDED_S, reopened)


def _outage(lab: Lab) -> None:
    """The desk does not answer, while the window of a message closes that came late; the first that the
    platform is given to say so does not come to it."""
    lab.customer(ANA, "hi")
    lab.clock.advance(23.5 * HOUR_S)
    back_s, tries = lab.clock() + 0.55 * HOUR_S, iter(["reset"])

    def now(target: str, path: str, body: bytes) -> Any:
        if target == "genesys":
            return "reset" if lab.clock() < back_s else None
        return next(tries, None) if path.endswith("/messages") else None

    lab.world.faults = now


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
    "a reply that tells no time": Scene(lambda lab: lab.agent(ANA, "yes", dated=False), got=["yes"]),
    "a reply whose customer does not see that they were read": Scene(_read_without_a_sign, got=["yes"]),
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
    "a reply at once": Scene(_at_once, shown=["hi"], got=["yes"], open=False, early=True),
    "typing": Scene(_typing),
    "a reply near the channel's cap": Scene(_near_the_cap, got=["yes"], account=TIKTOK, left=3),
    "a reply with a token that was replaced": Scene(_token_replaced, got=["yes"]),
    "a paused account": Scene(_paused, shown=["hi"], got=["yes"]),
    "messages of a customer who was erased": Scene(_erased_writes, shown=["new"]),
    "a reply to a customer who was erased": Scene(_erased_is_answered, refused=True),
    "what was said to another app": Scene(_passed, shown=[MEANWHILE], account=SHARED, open=False),
    "what was said to another app, with a conversation": Scene(_passed, shown=[MEANWHILE], account=SHARED),
    "a reply to what another app has": Scene(_taken_back, shown=[MEANWHILE, "thanks"], got=["yes"], account=SHARED),
    "an end": Scene(_end, account=SURVEYED, automatic=SURVEY, sits=""),
    "a reply, and an end": Scene(_reply_and_end, got=["bye"], account=SURVEYED, automatic=SURVEY, sits=""),
    "an end that the desk does not confirm": Scene(_told_end, account=SURVEYED, sits=f"desk-{ANA}"),
    "an end that names nobody": Scene(_end_of_nobodys, sits=f"desk-{ANA}"),
    "an end that nobody told": Scene(_end_untold, account=SURVEYED, automatic=SURVEY, sits=""),
    "an end, and the next message": Scene(_end_and_another, shown=["again"], sits=f"desk-{ANA}-1"),
    "an end, and a message that reopens it": Scene(_end_and_reopened, shown=["again"], sits=f"desk-{ANA}"),
    "an outage": Scene(_outage, shown=["hi"], account=ACKNOWLEDGED, automatic=AWAY_TEXT),
    "a mention in a story": Scene(
        _mention, shown=["[Mentioned you in"], account=THANKFUL, open=False, automatic=THANKS
    ),
    "a mention that opens nothing": Scene(_mention, account=QUIETLY, open=False, automatic=THANKS),
    "a mention while somebody has the conversation": Scene(_mention, shown=["[Mentioned you in"], account=QUIETLY),
    "a comment that is thanked for": Scene(
        _lone_comment, shown=["[Commented on"], account=THANKFUL, open=False, automatic=THANKS
    ),
    "a message to a stranger": Scene(lambda lab: lab.customer("772", "hi", STRANGER), parked=1),
    "a reply through a stranger": Scene(lambda lab: lab.agent(ANA, "hi", STRANGER), refused=True, parked=1),
}
