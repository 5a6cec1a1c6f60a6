"""Every row of a platform's error table, answered by the simulator and read by the client over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from chalicelib.channels.instagram import problems as instagram
from chalicelib.channels.instagram.client import open_client as open_instagram
from chalicelib.channels.tiktok import problems as tiktok
from chalicelib.channels.tiktok.client import open_client as open_tiktok
from chalicelib.channels.x import problems as x
from chalicelib.channels.x.client import open_client as open_x
from chalicelib.errors import (
    AccountStopped,
    Judged,
    RateLimited,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
)
from chalicelib.http import Outgoing
from chalicelib.protocols.channel import Client
from chalicelib.protocols.verdicts import Act, Problem, Verdict
from chalicelib.vocabulary.messages import CustomerMessage, Media, Unseen
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import Recipient, TextPart
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.simulators.x.access import App
from sandbox.simulators.x.simulator import XSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import INSTAGRAM, TIKTOK, FakeMemory, X

NOWHERE = "http://127.0.0.1:9/"
MID = "aWdfZAG1faXRlbToxZDZD"
# X's own codes that could be taken for a status
X_CODES = {453, 476}
RAISES: dict[str, type[Judged]] = {
    "refuse": Refused, "token": TokenRefused, "stop": AccountStopped, "uncertain": Uncertain,
}  # fmt: skip


def kind_of(verdict: Verdict, act: Act) -> type[Judged]:
    """What has to be raised, said anew."""
    if verdict.action == "retry":
        return RateLimited if verdict.group == "throttled" else Retryable
    return Retryable if verdict.action == "uncertain" and act != "send" else RAISES[verdict.action]


def words(row: Problem) -> str | None:
    """An answer's words, of which the row wants some."""
    return f"(#{row.code}) About {row.words.title()}: no." if row.words else "Plain." if row.code == 100 else None


class Kit:
    """A client on a simulator; `does` are the acts that the client has, `to` is whom they are for."""

    def __init__(self, name: str, client: Client, faults: Faults, account: Account, to: Recipient) -> None:
        self.name, self.client, self.faults = name, client, faults
        self.account, self.to, self.clock = account, to, Clock()
        conversation = Conversation(account.channel, account.id, to.customer)
        said = CustomerMessage(
            id="m1", conversation=conversation, sent_ms=1, media=Media(kind="image", handle="v1"), origin="m1",
            platform_thread=to.thread,
        )  # fmt: skip
        self.does: Mapping[Act, Callable[[], object]] = {
            "send": lambda: client.send(account, to, TextPart("Hola")),
            "profile": lambda: client.profile(account, to),
            "media": lambda: client.source(account, said),
            "history": lambda: client.unseen(account, Unseen(id="e", account=account.id, origin=MID, sent_ms=1)),
            "post": lambda: client.post_url(account, "17900000000000001"),
        }

    def arm(self, row: Problem, code: int) -> None:
        self.faults.clear()
        if self.name == "x":  # a code is an HTTP status, or one of X's own in a body
            own = code if code < 400 or code >= 600 or code in X_CODES else None
            self.faults.add("x", "status", status=403 if own else code, code=own, message=row.words or None)
            self.clock.offset_s += 10  # a limit that was told is over
            return
        status = 200 if self.name == "tiktok" else 400
        self.faults.add(self.name, "status", status=status, code=code, subcode=row.subcode or None, message=words(row))


@pytest.fixture(scope="module")
def meta() -> Iterator[Kit]:
    faults = Faults()
    sim = InstagramSimulator(Clock(), faults, retry_delays_s=(), echo="none")
    sim.add_account(INSTAGRAM.id, access_token="token", app_secret="secret", webhook_url=NOWHERE)
    sim.start()
    urls = {"instagram_graph": sim.url, "facebook_graph": sim.url, "graph_version": "v25.0"}
    client = open_instagram(Outgoing(), lambda name: {"access_token": "token"}, urls.__getitem__)
    yield Kit("instagram", client, faults, INSTAGRAM, Recipient(customer="1000000000000001"))
    sim.stop()


@pytest.fixture(scope="module")
def portal() -> Iterator[Kit]:
    faults = Faults()
    sim = TikTokSimulator(Clock(), faults, retry_delays_s=(), echo="none")
    sim.add_account(TIKTOK.id, app_id="7", app_secret="x", access_token="a", refresh_token="r", webhook_url=NOWHERE)
    sim.start()
    client = open_tiktok(Outgoing(), lambda name: {"access_token": "a"}, lambda name: sim.url)
    yield Kit("tiktok", client, faults, TIKTOK, Recipient(customer="+p/1==", thread="c1Conv=="))
    sim.stop()


@pytest.fixture(scope="module")
def network() -> Iterator[Kit]:
    clock, faults = Clock(), Faults()
    sim = XSimulator(clock, faults, app=App("1", "ck", "cs", "ci", "", "app"))
    sim.add_account(X.id, access_token="a", refresh_token="r", webhook_url="")
    sim.start()
    client = open_x(Outgoing(), lambda name: {"access_token": "a"}, lambda name: sim.url, FakeMemory(clock), clock)
    kit = Kit("x", client, faults, X, Recipient(customer="2222222222222222001", thread="dm"))
    kit.clock = clock
    yield kit
    sim.stop()


def outcome(act: Callable[[], object]) -> BaseException | None:
    try:
        act()
    except (Judged, Unfetched) as error:
        return error
    return None


def acts(row: Problem, *known: Act) -> list[Act]:
    return [act for act in known if act in row.acts or not row.acts]


def hit(kit: Kit, row: Problem, act: Act, code: int) -> BaseException | None:
    kit.arm(row, code)
    return outcome(kit.does[act])


def of(table: tuple[Problem, ...], *known: Act) -> pytest.MarkDecorator:
    """Each row with each act that it is for, and with both ends of its range."""
    cases = [
        (row, act, code)
        for row in table
        for act in acts(row, *known)
        for code in sorted({row.code, row.last or row.code})
    ]
    names = [f"{act}-{code}-{row.subcode}{row.words and '-words'}" for row, act, code in cases]
    return pytest.mark.parametrize(("row", "act", "code"), cases, ids=names)


def expected(table: tuple[Problem, ...], row: Problem, act: Act) -> Verdict:
    """The row's verdict, unless another row is this act's own."""
    own = [one for one in table if (one.code, one.subcode) == (row.code, row.subcode) and act in one.acts]
    return own[0].verdict if own else row.verdict


@of(instagram.PROBLEMS, "send", "profile", "history", "post")
def test_a_row_of_metas_table(meta: Kit, row: Problem, act: Act, code: int) -> None:
    found = hit(meta, row, act, code)
    verdict = expected(instagram.PROBLEMS, row, act)
    if act != "send" and verdict.reason in {"wrong_person", "person_unavailable"}:
        assert found is None  # nothing there is an answer, too
    else:
        assert type(found) is kind_of(verdict, act)
        assert getattr(found, "reason", "") == verdict.reason or verdict.action != "refuse"
        assert isinstance(found, Judged)
        assert found.unlisted == ""


@of(tiktok.PROBLEMS, "send", "profile", "media")
def test_a_row_of_tiktoks_table(portal: Kit, row: Problem, act: Act, code: int) -> None:
    found = hit(portal, row, act, code)
    verdict = expected(tiktok.PROBLEMS, row, act)
    if act == "media" and issubclass(kind_of(verdict, act), Refused):
        assert isinstance(found, Unfetched)
    else:
        assert type(found) is kind_of(verdict, act)
        assert getattr(found, "reason", "") == verdict.reason or verdict.action != "refuse"
        assert isinstance(found, Judged)
        assert found.unlisted == ""


@of(x.PROBLEMS, "send", "profile")
def test_a_row_of_xs_table(network: Kit, row: Problem, act: Act, code: int) -> None:
    found = hit(network, row, act, code)
    verdict = expected(x.PROBLEMS, row, act)
    assert isinstance(found, kind_of(verdict, act))
    assert getattr(found, "reason", "") == verdict.reason or verdict.action != "refuse"
    assert isinstance(found, Judged)
    assert found.unlisted == ""


@pytest.mark.parametrize(("code", "subcode"), [(4711, None), (100, 4711), (-9, None)])
def test_a_code_that_has_no_row_is_named(meta: Kit, portal: Kit, code: int, subcode: int | None) -> None:
    for kit in (meta, portal):
        kit.faults.clear()
        kit.faults.add(kit.name, "status", status=400, code=code, subcode=subcode)
        found = outcome(kit.does["send"])
        assert isinstance(found, Judged)
        assert found.unlisted.startswith(str(code)) or kit is portal


def test_an_app_that_is_switched_off_is_what_a_bare_100_is(meta: Kit) -> None:
    meta.faults.clear()
    meta.faults.add("instagram", "status", status=400, code=100)
    assert isinstance(outcome(meta.does["send"]), AccountStopped)
