"""The parts of an agent's message go out to the customer, each once, whoever tries, however often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from chalicelib.errors import (
    SECRET_MENDS,
    AccountStopped,
    Misconfigured,
    RateLimited,
    Reason,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
    Waiting,
)
from chalicelib.http import LONGEST_CALL_S
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.enclosing import Enclosing
from chalicelib.pipeline.ports import Clock, Ledger, SecretCache, Turn
from chalicelib.protocols.channel import Client
from chalicelib.rules import windows
from chalicelib.rules.echoes import mark_of
from chalicelib.rules.planning import left_out, offer_key, offers, plan, worded
from chalicelib.rules.quoting import beginning
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.records import Account, Claim, Conversation, Thread
from chalicelib.vocabulary.replies import (
    AgentMessage,
    Author,
    CardsPart,
    ChoicesPart,
    File,
    MediaPart,
    Part,
    Planned,
    Recipient,
    TextPart,
)
from chalicelib.wire import digest

LEASE_S = 90.0
# How long a send of unknown outcome waits for its echo, and how often it is looked for.
ECHO_WAIT_S = 60.0
LOOK_S = 5.0
# From then on the platform's own history is asked as well, each time after as long again.
HISTORY_S = 15.0
# A part is begun only with time for its send, for a link in place of a refused file, and for what is written then.
PART_S = 2 * LONGEST_CALL_S + 5
# A redelivery that comes this long (s) after the work was begun is no first delivery: the queue refuses those for
# five minutes, and the clocks of two functions differ by less.
SAME_S = 60.0
LONGEST_WORDS = 60
UNCONFIRMED = "the platform did not confirm it; it may have been delivered, so it was not sent again"
RECONNECT = "log the account in again and store its token in the secret {secret}"
# What one part is refused for, while others may go.
_OF_THE_PART = {"file_gone", "media_refused", "media_too_big", "unsupported"}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's message, where it goes, and when the bridge was given it (epoch s)."""

    account: Account
    said: AgentMessage
    conversation: Conversation
    thread: Thread
    received_s: float
    turn: Turn


class Outcome(msgspec.Struct, kw_only=True):
    """How far a reply came: `refused` stopped it, or the parts of `left_out`; `arrived` parts reached the customer,
    `rest` is how the first one that did not begins. `news` is False where all of it had ended before this delivery
    of it came: whoever has to know was told then."""

    refused: Refused | None = None
    arrived: int = 0
    rest: str = ""
    left_out: list[str] = msgspec.field(default_factory=list)
    news: bool = False


class Sending:
    """Plans, fetches, claims, sends; after an unknown outcome finds out and never sends again."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        ledger: Ledger,
        enclosing: Enclosing,
        budgets: Budgets,
        secrets: SecretCache,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._enclosing = enclosing
        self._budgets = budgets
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics

    def send(self, reply: Reply) -> Outcome:
        """Sends what is not sent yet, part by part. Raises Retryable where a part has to wait."""
        outcome = Outcome()
        reply = msgspec.structs.replace(reply, said=worded(reply.said, reply.account.language))
        planned = self._planned(reply, outcome)
        files = self._files(reply, planned, outcome)
        if any(isinstance(part, (ChoicesPart, CardsPart)) for part in planned):
            said = reply.said
            self._ledger.offer(reply.conversation, offer_key(said.id), self._clock(), offers(said))
        for number, one in enumerate(planned, start=1):
            part = files.get(number, one)
            try:
                self._part(reply, number, part, len(planned), outcome)
            except Refused as no:
                outcome.refused = no
                if no.reason not in _OF_THE_PART or not isinstance(one, File):
                    outcome.rest = _begins(one)
                    break
                outcome.left_out.append(one.name or one.kind)
            else:
                outcome.arrived += 1
        if not outcome.arrived:
            outcome.left_out.clear()  # nothing arrived, so it did not arrive without something
        return outcome

    def decide(self, account: Account, thread: Thread, author: Author) -> windows.Allow | windows.Closed:
        """Whether this author may write into the conversation now."""
        policy = self._clients[account.channel].window(account)
        return windows.decide(policy, thread, author, int(self._clock() * 1000))

    def _planned(self, reply: Reply, outcome: Outcome) -> list[Planned]:
        """What goes out; what no channel carries is left out, unless nothing else is there."""
        said = reply.said
        planned = plan(self._clients[reply.account.channel].capabilities, said, reply.account.language)
        if planned and (names := left_out(said, planned)):
            self._metrics.count("left_out", channel=reply.account.channel)
            log.info("left out", message=said.id, account=reply.account.id, detail=", ".join(names))
        if said.unsupported:
            no = Refused("unsupported", f"cannot be carried to {reply.account.channel}: {said.unsupported}")
            outcome.refused = no
            outcome.left_out.append(said.unsupported)
        elif not planned:
            outcome.refused = Refused("unsupported", "the message has no content")
        if not planned and outcome.refused:
            self._refuse_whole(reply, outcome, outcome.refused)
        return planned

    def _refuse_whole(self, reply: Reply, outcome: Outcome, no: Refused) -> None:
        """A message without a part that could go is refused once, as if it had one."""
        item = _item(reply, 1)
        claim = self._ledger.claim(reply.conversation, item, self._clock(), LEASE_S)
        outcome.news |= _is_news(reply, claim)
        if claim.state not in {"done", "refused"}:
            self._refuse(reply, item, no, raising=False)

    # --- files

    def _files(self, reply: Reply, planned: Sequence[Planned], outcome: Outcome) -> dict[int, Part | Refused]:
        """The agent's files, fetched before anything is sent: the desk does not keep them for long. Those whose send
        has been begun are not fetched again."""
        numbers = [number for number, one in enumerate(planned, start=1) if isinstance(one, File)]
        begun = self._ledger.begun(reply.conversation, claims.parts(reply.said.id)) if numbers else set()
        found: dict[int, Part | Refused] = {}
        for number in numbers:
            one = planned[number - 1]
            if isinstance(one, File) and _item(reply, number) not in begun:
                found[number] = self._file(reply, number, one)
        return found

    def _file(self, reply: Reply, number: int, file: File) -> Part | Refused:
        """The part that carries the file, or why there is none. Raises Retryable."""
        try:
            return self._enclosing.part(
                reply.account, reply.conversation, reply.said.id, number, file, reply.received_s
            )
        except Unfetched as error:
            return Refused("file_gone", f"{error.reason}: {error.detail}")
        except Refused as no:
            return no
        except (Retryable, Uncertain) as error:
            if self._budgets.spent(reply.turn, "reply", reply.received_s):
                return Refused("file_gone", f"given up: {error.reason}")
            raise Retryable(f"the agent's file: {error.reason}") from error

    # --- parts

    def _part(self, reply: Reply, number: int, part: Planned | Part | Refused, parts: int, outcome: Outcome) -> None:
        """One part, unless it has been sent. Raises Refused, or Retryable where it has to wait."""
        if reply.turn.remaining_s() < PART_S:
            raise Waiting("the worker has no time left for a part", 0)
        item = _item(reply, number)
        told = digest(_echoed(part)) if isinstance(part, (TextPart, ChoicesPart)) and _echoed(part) else ""
        claim = self._ledger.claim(reply.conversation, item, self._clock(), LEASE_S, told)
        outcome.news |= _is_news(reply, claim)
        if claim.state == "refused":
            raise Refused(msgspec.convert(claim.reason or "other", Reason), claim.detail)
        if claim.state == "busy":
            raise Waiting("another worker is at this part", max(1.0, claim.until_s - self._clock()))
        if claim.state in {"lapsed", "doubt"}:
            self._find_out(reply, item, part, claim)
        elif claim.state == "fresh":
            if isinstance(part, Refused):
                self._refuse(reply, item, part)
            elif isinstance(part, File):  # begun before the files were looked at, and given back since
                self._ledger.release(reply.conversation, item)
                raise Waiting("another worker has given this part back", 1.0)
            else:
                self._send_part(reply, item, part, parts)

    def _find_out(self, reply: Reply, item: str, part: Planned | Part | Refused, claim: Claim) -> None:
        """Somebody tried to send it, and nobody knows how that ended: its echo may come, or the platform's history
        may have it. Raises Waiting until then, Refused once it has been waited for long enough."""
        if claim.state == "lapsed":  # a worker died over it: it may have gone out just before its lease ended
            self._doubt(reply, item)
            raise Waiting("finding out what a worker that died has sent", 1.0)
        waited_s = self._clock() - claim.tried_s
        over = self._clock() >= claim.until_s
        if waited_s >= HISTORY_S and not isinstance(part, Refused):
            try:
                arrived = self._in_history(reply, item, part, claim)
            except (Retryable, Uncertain) as error:
                if type(error) is Waiting:  # not the history's, see `_taken`
                    raise
                log.info("history not read", account=reply.account.id, reason=error.reason)
                over = self._budgets.spent(reply.turn, "history", claim.tried_s) and over
            else:
                if arrived:
                    self._ledger.sent(reply.conversation, item, self._clock(), arrived)
                    self._metrics.count("confirmed_by_history", channel=reply.account.channel)
                    return
        if not over:
            raise Waiting("did it go out?", LOOK_S if waited_s < HISTORY_S else HISTORY_S)
        self._metrics.count("unconfirmed", channel=reply.account.channel)
        self._refuse(reply, item, Refused("unconfirmed", UNCONFIRMED))

    def _doubt(self, reply: Reply, item: str) -> None:
        now = self._clock()
        self._ledger.doubt(reply.conversation, item, now, now + ECHO_WAIT_S)

    def _in_history(self, reply: Reply, item: str, part: Planned | Part, claim: Claim) -> str | None:
        """The platform's id of the part, None where its history does not have it, or is not for us to read. Raises
        Retryable or Uncertain where it cannot be read now."""
        to = self._to(reply, item)
        sent = MediaPart(kind=part.kind, mime=part.mime, name=part.name) if isinstance(part, File) else part
        try:
            taken = partial(self._taken, reply.conversation)
            with new_codes(self._metrics, reply.account.channel):
                client = self._clients[reply.account.channel]
                return client.arrived(reply.account, to, sent, claim.since_s, taken)
        except (Refused, Unfetched) as error:
            log.info("history not read", account=reply.account.id, error=type(error).__name__)
            return None

    def _taken(self, conversation: Conversation, platform_id: str) -> bool:
        try:
            return self._ledger.is_ours(conversation, platform_id)
        except Retryable as error:  # the table's trouble is not the history's
            raise Waiting(error.reason, LOOK_S) from error

    def _to(self, reply: Reply, item: str) -> Recipient:
        return Recipient(
            customer=reply.said.customer,
            thread=reply.thread.platform,
            comment=reply.thread.comment,
            mark=mark_of(reply.conversation, item),
        )

    def _send_part(self, reply: Reply, item: str, part: Part, parts: int) -> None:
        """One send. Raises Refused where it will not happen, Retryable where it may later."""
        account, conversation = reply.account, reply.conversation
        try:
            to = self._recipient(reply, item, parts)
            platform_id = self._sent(account, to, part)
        except Retryable as error:
            renewed = isinstance(error, SECRET_MENDS) and self._renewed(account)
            given_up = None if renewed else self._given_up(reply, error)
            if given_up:
                self._refuse(reply, item, given_up)
                return
            self._ledger.release(conversation, item)
            error.after_s = 1.0 if renewed else error.after_s
            raise
        except Uncertain as error:
            self._doubt(reply, item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Waiting(f"did it go out? {error.reason}", LOOK_S) from error
        except Refused as no:
            self._refuse(reply, item, no)
        except Exception:  # nobody foresaw it, so nobody knows whether it went out
            self._doubt(reply, item)
            raise
        else:
            self._ledger.sent(conversation, item, self._clock(), platform_id, to.comment, _remembered(account, part))
            self._metrics.count("sent", channel=account.channel)

    def _recipient(self, reply: Reply, item: str, parts: int) -> Recipient:
        """To whom, and under which tag. Raises Refused where the window is closed."""
        allowed = self.decide(reply.account, reply.thread, reply.said.author)
        if isinstance(allowed, windows.Allow) and allowed.comment and parts > 1:
            # a comment takes one message as its answer; plain ones are left where the customer wrote, too
            plain = msgspec.structs.replace(reply.thread, comment="")
            allowed = self.decide(reply.account, plain, reply.said.author)
            if isinstance(allowed, windows.Closed) or not reply.thread.customer_ms:
                raise Refused("one_message", f"a comment takes one message as its answer, this would be {parts}")
        if isinstance(allowed, windows.Closed):
            raise Refused(allowed.reason, "refused before it was sent")
        return msgspec.structs.replace(self._to(reply, item), tag=allowed.tag, comment=allowed.comment)

    def _sent(self, account: Account, to: Recipient, part: Part) -> str:
        """Sends it; a file that the platform does not take here goes as a link, where links may go."""
        client = self._clients[account.channel]
        try:
            with new_codes(self._metrics, account.channel):
                return client.send(account, to, part)
        except Refused as no:
            instead = part.instead if isinstance(part, MediaPart) else ""
            if no.reason not in {"media_refused", "media_too_big"} or not instead:
                raise
            self._metrics.count("media", outcome="linked", channel=account.channel)
            return client.send(account, to, TextPart(instead))

    def _renewed(self, account: Account) -> bool:
        """Whether the account's secret holds something else than what did not work."""
        try:
            before = self._secrets.get(account.secret)
            return self._secrets.refresh(account.secret) and self._secrets.get(account.secret) != before
        except Retryable:  # it cannot be read at all, which is what did not work
            return False

    def _given_up(self, reply: Reply, error: Retryable) -> Refused | None:
        """What becomes of a part that cannot be sent now, once its budget is used up."""
        if isinstance(error, TokenRefused):
            if self._budgets.spent(reply.turn, "token"):
                return AccountStopped(error.reason, error.advice or RECONNECT.format(secret=reply.account.secret))
        elif self._budgets.spent(reply.turn, "reply", reply.received_s):
            if isinstance(error, Misconfigured):
                return AccountStopped(error.reason, error.advice)
            return Refused("rate_limited" if isinstance(error, RateLimited) else "other", f"given up: {error.reason}")
        return None

    def _refuse(self, reply: Reply, item: str, no: Refused, *, raising: bool = True) -> None:
        """Raises the refusal, unless an echo has told meanwhile that the part did go out."""
        if not self._ledger.refuse(reply.conversation, item, self._clock(), no.reason, no.detail):
            return
        account = reply.account
        self._metrics.count("refused", channel=account.channel, reason=no.reason)
        log.warning("not delivered", message=reply.said.id, account=account.id, reason=no.reason, detail=no.detail)
        if isinstance(no, AccountStopped):
            self._metrics.count("account_stopped", account=account.id)
            log.error("account stopped", account=account.id, detail=no.detail, advice=no.advice)
        if raising:
            raise no


def _item(reply: Reply, number: int) -> str:
    return claims.outbound(reply.said.id, number)


def _is_news(reply: Reply, claim: Claim) -> bool:
    """Whether this delivery of the message has to do with it: it had not ended when the delivery came."""
    return claim.state not in {"done", "refused"} or claim.since_s > reply.received_s - SAME_S


def _echoed(part: TextPart | ChoicesPart) -> str:
    """The text by which the part's echo is told; media, cards and what opens a page come back without one."""
    if isinstance(part, ChoicesPart) and any(choice.url for choice in part.choices):
        return ""
    return part.text


def _remembered(account: Account, part: Part) -> str:
    """How the part begins, by which a quote or a reaction names it later."""
    if isinstance(part, MediaPart):
        return beginning(account.language, "", part.kind)
    return beginning(account.language, part.cards[0].title if isinstance(part, CardsPart) else part.text)


def _begins(part: Planned) -> str:
    """How the part begins, for the agent who wrote it."""
    if isinstance(part, File):
        return part.name
    text = part.cards[0].title if isinstance(part, CardsPart) else part.text
    return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS].rstrip() + "…"
