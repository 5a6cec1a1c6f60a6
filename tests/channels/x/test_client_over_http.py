"""The client against the simulated X, over real HTTP: each believes the same pages of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.channels.x.archive import open_archive
from chalicelib.channels.x.client import XClient, open_client
from chalicelib.channels.x.renewal import open_renewal
from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.credentials import Secret
from chalicelib.edge.storing import events_of
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, Throttled, TokenRefused, Waiting
from chalicelib.http import Outgoing
from chalicelib.vocabulary.messages import CustomerMessage, Media
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import MediaPart, Part, Recipient, TextPart
from sandbox.simulators.x.access import App
from sandbox.simulators.x.acts import parties
from sandbox.simulators.x.simulator import XSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import FakeMemory

BRAND = Account(channel="x", id="1111111111111111111", integration="i", secret="s/x")
ANA = "2222222222222222222"
TO = Recipient(customer=ANA, thread="dm", mark="m" * 32)
APP = App("app-1", "consumer-key", "consumer-secret", "client-1", "client-secret", "bearer-1")
NOWHERE = "http://127.0.0.1:9/"
PNG = b"\x89PNG\r\n\x1a\n\r\n--\r\n" + bytes(range(256))
PICTURE = MediaPart(kind="image", mime="image/png", name="té.png", body=PNG)
KEYS = {"oauth1": {"token": "1-token", "token_secret": "token-secret"}}


class Both:
    """The simulator, and whatever a worker has of the bridge's."""

    def __init__(self) -> None:
        self.clock, self.http, self.faults = Clock(), Outgoing(), Faults()
        self.sim = XSimulator(self.clock, self.faults, app=APP)
        self.sim.add_account(
            BRAND.id, access_token="a1", refresh_token="r1", webhook_url=NOWHERE, oauth1=("1-token", "token-secret")
        )
        self.sim.start()
        self.held: dict[str, Any] = {"access_token": "a1", "refresh_token": "r1"}
        self.client = self.worker()

    def secret(self, name: str) -> dict[str, Any]:
        app = {"consumer_key": "consumer-key", "secrets": ["consumer-secret"], "client_id": "client-1"}
        return self.held if name == "s/x" else app | {"client_secret": "client-secret"}

    def setting(self, name: str) -> str:
        return {"x_api": self.sim.url, "x_secret": "s/app"}[name]

    def worker(self) -> XClient:
        self.memory = FakeMemory(self.clock)
        return open_client(self.http, self.secret, self.setting, self.memory, self.clock)

    def send(self, part: Part, to: Recipient = TO) -> str:
        """As the queue does it: whoever waits comes again when it is time."""
        for _ in range(30):
            try:
                return self.client.send(BRAND, to, part)
            except Waiting as later:
                self.clock.offset_s += later.after_s or 0.0
        raise AssertionError("it never ends")


@pytest.fixture
def both() -> Iterator[Both]:
    made = Both()
    made.sim.write(BRAND.id, ANA, "Hola")
    yield made
    made.sim.stop()


def test_a_text(both: Both) -> None:
    sent = both.client.send(BRAND, TO, TextPart("¡Sí! 🚚"))
    told = both.sim.sent()[-1]
    assert (told["message_id"], told["text"], told["account"], told["code"]) == (sent, "¡Sí! 🚚", BRAND.id, None)


@pytest.mark.parametrize(
    "part", [PICTURE, MediaPart(kind="image", mime="image/gif", name="a.gif", body=b"GIF89a" + PNG)]
)
def test_a_picture(both: Both, part: MediaPart) -> None:
    assert both.send(part) == both.sim.sent()[-1]["message_id"]


def test_a_film_in_pieces(both: Both) -> None:
    film = MediaPart(
        kind="video", mime="video/mp4", name="a.mp4", body=b"\0\0\0\x18ftypmp42" + b"x" * (9 * 1024 * 1024)
    )
    assert both.send(film) == both.sim.sent()[-1]["message_id"]


def test_an_account_with_keys_signs_all_of_it(both: Both) -> None:
    both.held = dict(KEYS)
    assert both.send(TextPart("signed")) == both.sim.sent()[-1]["message_id"]
    assert both.send(PICTURE) == both.sim.sent()[-1]["message_id"]
    assert both.client.profile(BRAND, TO) is not None
    assert both.client.arrived(BRAND, TO, TextPart("signed"), both.clock() - 60, lambda one: False)


def test_a_token_that_is_renewed_is_the_one_that_counts(both: Both) -> None:
    renewal = open_renewal(both.http, both.setting)
    both.clock.offset_s += 7300
    with pytest.raises(TokenRefused):
        both.client.send(BRAND, TO, TextPart("too late"))
    both.held = renewal.renew(BRAND, both.held, lambda: Secret("s/app", both.secret("s/app")), both.clock())
    assert both.held["refresh_token"] != "r1"
    assert both.client.send(BRAND, TO, TextPart("now"))
    with pytest.raises(Refused):  # each refresh token is good once
        renewal.renew(BRAND, {"refresh_token": "r1"}, lambda: Secret("s/app", both.secret("s/app")), both.clock())


def test_a_limit_that_is_used_up_is_not_asked_again_by_anybody(both: Both) -> None:
    both.sim.network.limits.most["dm_send"] = 2
    for number in range(2):
        both.client.send(BRAND, TO, TextPart(str(number)))
    calls = len(both.sim.sent())
    for _ in range(2):
        with pytest.raises(Throttled):
            both.client.send(BRAND, TO, TextPart("and more"))
    assert len(both.sim.sent()) == calls, "the second one told that there is none left"
    assert both.send(TextPart("later"))


def test_what_arrived_is_found(both: Both) -> None:
    def arrived(part: Part, since_s: float = -1.0) -> str | None:
        return both.client.arrived(BRAND, TO, part, both.clock() + since_s, lambda one: False)

    link = TextPart("See https://tea.example/a?b=1 & more")
    assert arrived(link) is None
    assert arrived(PICTURE) is None
    sent, picture = both.send(link), both.send(PICTURE)
    assert arrived(link, -60) == sent
    assert arrived(PICTURE, -60) == picture
    assert arrived(TextPart("Something else")) is None


def test_a_profile(both: Both) -> None:
    found = both.client.profile(BRAND, TO)
    assert found is not None
    assert found.name
    assert found.username


def test_a_history_holds_both_sides(both: Both) -> None:
    sent = both.send(TextPart("Hello"))
    archive = open_archive(both.http, both.secret, both.setting, both.memory, both.clock)
    chats = archive.chats(BRAND, int((both.clock() - 3600) * 1000), "")
    [chat] = chats.ids
    customers, ours = archive.history(BRAND, chat).messages
    assert (customers.text, customers.own, ours.id, ours.own, ours.text) == ("Hola", False, sent, True, "Hello")
    assert archive.chats(BRAND, 0, chats.cursor).cursor == ""


def test_a_history_of_what_is_encrypted_stays_sealed(both: Both) -> None:
    for words in ("one", "two"):
        both.sim.whisper(BRAND.id, ANA, words)
    archive = open_archive(both.http, both.secret, both.setting, both.memory, both.clock)
    [chat] = archive.chats(BRAND, int((both.clock() - 3600) * 1000), "chat:").ids
    history = archive.history(BRAND, chat)
    assert (len(history.messages), history.whole) == (2, True)
    for written in history.messages:
        assert (written.customer, written.own, written.text) == (ANA, False, "")
        [event] = events_of(WEBHOOK, written.delivery, both.clock())
        assert (event.id, event.party) == (f"chat:{written.id}", ANA)


@pytest.mark.parametrize(
    ("sample", "held"), [("picture", None), ("picture", KEYS), ("gif", None), ("video", None), ("video", KEYS)]
)
def test_a_customers_file(both: Both, sample: str, held: dict[str, Any] | None) -> None:
    both.held = dict(held or both.held)
    both.sim.acts.say(parties(BRAND.id, ANA), "Look", sample)
    file = both.sim.network.dms.of(BRAND.id, ANA)[-1].picture
    assert file is not None
    media = Media(kind="image" if sample == "picture" else "video", url=file.film or file.url)
    said = CustomerMessage(id="dm:1", conversation=Conversation("x", BRAND.id, ANA), sent_ms=1, media=media)
    source = both.client.source(BRAND, said)
    assert both.http.get(source.url, headers=source.headers).body[:12].startswith(MAGIC[sample])
    assert ("Authorization" in source.headers) is (sample == "picture")


MAGIC = {"picture": b"\x89PNG", "gif": b"\0\0\0", "video": b"\0\0\0"}


def test_the_credits_are_used_up(both: Both) -> None:
    both.sim.network.credits = False
    with pytest.raises(AccountStopped) as caught:
        both.client.send(BRAND, TO, TextPart("Hi"))
    assert "credits" in caught.value.advice


# The simulator answers any row of the error table on any call


CALLS: dict[str, tuple[str, Callable[[Both], object]]] = {
    "send": ("/messages", lambda both: both.client.send(BRAND, TO, TextPart("Hi"))),
    "profile": (f"/2/users/{ANA}", lambda both: both.client.profile(BRAND, TO)),
    "history": ("/dm_events", lambda both: both.client.arrived(BRAND, TO, TextPart("Hi"), 0.0, lambda one: False)),
    "upload": ("/initialize", lambda both: both.client.send(BRAND, TO, PICTURE)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (429, None, None, RateLimited), (401, None, None, TokenRefused), (429, 88, None, RateLimited),
        (503, 130, None, Retryable), (402, None, None, Refused), (403, 349, None, Refused),
    ],
)  # fmt: skip
def test_each_row_can_be_answered_on_each_call(
    both: Both, name: str, status: int, code: int | None, message: str | None, kind: type[Exception]
) -> None:
    path, call = CALLS[name]
    both.faults.add("x", "status", path=path, status=status, code=code, message=message)
    with pytest.raises(kind):
        call(both)
    assert both.faults.describe()[0]["fired"] == 1
