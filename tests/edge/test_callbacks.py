"""Meta tells of withdrawn apps and passes on requests to delete: who signs is heard, and everybody else is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from chalicelib.channels.instagram.callbacks import CALLBACKS, LARGEST
from chalicelib.edge.callbacks import Counter
from chalicelib.errors import Retryable
from chalicelib.http import Request, Response
from chalicelib.pipeline.chores.deletions import BEGIN_S, Deletions
from chalicelib.registry import CHANNELS, having
from chalicelib.vocabulary.deletion import Deletion, key_of
from chalicelib.vocabulary.records import Account, Conversation, Unreadable
from tests.fakes import FakeClock, FakeMetrics, FakeSecrets, FakeShelf

SECRET, OTHER = "app-secret-0001", "instagram-app-secret-0001"
USER = "17841400000000009"
SAID = {"algorithm": "HMAC-SHA256", "issued_at": 1_800_000_000, "expires": 0, "user_id": USER}


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(said: Any = SAID, secret: str = SECRET, **changed: Any) -> str:
    """A signed_request as Meta makes it."""
    body = said if isinstance(said, bytes) else json.dumps(said | changed).encode()
    payload = coded(body)
    return f"{coded(hmac.digest(secret.encode(), payload.encode(), hashlib.sha256))}.{payload}"


def posted(signed_request: str) -> Request:
    return Request(method="POST", headers={}, query={}, body=urlencode({"signed_request": signed_request}).encode())


GET = Request(method="GET", headers={}, query={}, body=b"")


class Kit:
    def __init__(self) -> None:
        self.shelf, self.clock, self.metrics = FakeShelf(), FakeClock(), FakeMetrics()
        self.secrets = FakeSecrets(instagram={"secrets": [OTHER, SECRET]})
        self.counter = Counter(
            callbacks={"instagram": CALLBACKS},
            secrets=self.secrets,
            secret_names={"instagram": "instagram"},
            shelf=self.shelf,
            public_url="https://bridge.example/v1",
            clock=self.clock,
            metrics=self.metrics,
        )

    def asked(self, request: Request | None = None) -> Response:
        return self.counter.deletion(request or posted(signed()), "instagram")

    def code(self) -> str:
        return str(json.loads(self.asked().body)["confirmation_code"])


@pytest.fixture
def kit() -> Kit:
    return Kit()


def test_a_request_to_delete_is_kept_and_answered_with_where_to_look(kit: Kit) -> None:
    answer = kit.asked()
    told = json.loads(answer.body)
    code = told["confirmation_code"]
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert told == {"url": f"https://bridge.example/v1/api/deletion/{code}", "confirmation_code": code}
    kept = msgspec.json.decode(kit.shelf.kept[key_of(code)], type=Deletion)
    assert kept == Deletion(channel="instagram", user=USER, asked_ms=int(kit.clock() * 1000))
    assert USER not in code


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_either_app_may_sign(kit: Kit, secret: str) -> None:
    assert kit.asked(posted(signed(secret=secret))).status == 200


def test_the_same_request_again_is_the_same_code_and_undoes_nothing(kit: Kit) -> None:
    code = kit.code()
    done = msgspec.json.encode(Deletion(channel="instagram", user="", asked_ms=1, ended_ms=2))
    kit.shelf.kept[key_of(code)] = done
    assert kit.code() == code
    assert kit.shelf.kept[key_of(code)] == done


def test_the_status_page_tells_how_far_it_is_and_not_of_whom(kit: Kit) -> None:
    code = kit.code()
    page = kit.counter.deletion(GET, code)
    assert page.status == 200
    assert code in page.body
    assert "Under way" in page.body
    assert USER not in page.body
    kit.shelf.kept[key_of(code)] = msgspec.json.encode(
        Deletion(channel="instagram", user="", asked_ms=1, ended_ms=2_000)
    )
    assert "Done: 1970-01-01" in kit.counter.deletion(GET, code).body


@pytest.mark.parametrize("code", ["0" * 32, "0" * 31, "../certificates/x", "", "0" * 32 + "\n", "instagram"])
def test_a_code_that_nobody_was_given_finds_nothing(kit: Kit, code: str) -> None:
    kit.code()
    assert kit.counter.deletion(GET, code).status == 404


def test_a_withdrawn_app_stops_the_account_with_advice(kit: Kit) -> None:
    assert kit.counter.deauthorised(posted(signed()), "instagram").status == 200
    assert kit.metrics.total("account_stopped", account=USER) == 1
    assert kit.shelf.kept == {}


def tampered(text: str) -> str:
    """The same request for another person, under the first one's signature."""
    return f"{text.partition('.')[0]}.{coded(json.dumps(SAID | {'user_id': '1'}).encode())}"


HOSTILE: dict[str, tuple[Callable[[], str], int, str]] = {
    "another secret's": (lambda: signed(secret="guessed"), 401, "signature_mismatch"),
    "the empty secret's": (lambda: signed(secret=""), 401, "signature_mismatch"),
    "another person under it": (lambda: tampered(signed()), 401, "signature_mismatch"),
    "no signature": (lambda: "." + signed().partition(".")[2], 401, "signature_malformed"),
    "a short signature": (lambda: signed()[5:], 401, "signature_malformed"),
    "a long signature": (lambda: "AAAA" + signed(), 401, "signature_malformed"),
    "no dot": (lambda: signed().replace(".", ""), 401, "signature_malformed"),
    "no payload": (lambda: signed().partition(".")[0] + ".", 401, "signature_malformed"),
    "two dots": (lambda: signed() + ".AAAA", 401, "signature_malformed"),
    "padding": (lambda: signed() + "=", 401, "signature_malformed"),
    "not base64url": (lambda: signed().replace(".", "+."), 401, "signature_malformed"),
    "a signature of letters beyond ASCII": (lambda: "é" + signed(), 401, "signature_malformed"),
    "no algorithm": (lambda: signed({"user_id": USER}), 400, "not_json"),
    "the algorithm none": (lambda: signed(algorithm="none"), 400, "algorithm"),
    "a weaker algorithm": (lambda: signed(algorithm="HMAC-SHA1"), 400, "algorithm"),
    "one that has ended": (lambda: signed(expires=1), 401, "signature_expired"),
    "no user": (lambda: signed({"algorithm": "HMAC-SHA256"}), 400, "not_json"),
    "a user that is a path": (lambda: signed(user_id="../../x"), 400, "user"),
    "an empty user": (lambda: signed(user_id=""), 400, "user"),
    "a user of a thousand digits": (lambda: signed(user_id="1" * 1000), 400, "user"),
    "a user that is a list": (lambda: signed(user_id=[USER]), 400, "not_json"),
    "a list": (lambda: signed(b"[]"), 400, "not_json"),
    "no JSON": (lambda: signed(b"\xff"), 400, "not_json"),
    "JSON without a bottom": (lambda: signed(b"[" * 5000), 400, "not_json"),
    "nothing": (lambda: "", 401, "signature_missing"),
}


@pytest.mark.parametrize("fault", HOSTILE)
@pytest.mark.parametrize("way", ["deletion", "deauthorised"])
def test_what_nobody_signed_is_refused_and_leaves_nothing(kit: Kit, way: str, fault: str) -> None:
    make, status, reason = HOSTILE[fault]
    answer = getattr(kit.counter, way)(posted(make()), "instagram")
    assert (answer.status, answer.body) == (status, f"refused: {reason}")
    assert kit.shelf.kept == {}
    assert kit.metrics.total("rejected", endpoint="callback", reason=reason) == 1
    assert kit.metrics.total("account_stopped") == 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request(method="PUT", headers={}, query={}, body=posted(signed()).body), 405),
        (Request(method="POST", headers={}, query={}, body=b"signed_request=" + b"A" * LARGEST), 413),
        (Request(method="POST", headers={}, query={}, body=b"&".join([posted(signed()).body] * 2)), 401),
        (Request(method="POST", headers={}, query={}, body=b"&".join([b"a=1"] * 99)), 400),
        (Request(method="POST", headers={}, query={}, body="signed_request=é".encode()), 400),
        (Request(method="POST", headers={}, query={"signed_request": signed()}, body=b""), 401),
    ],
    ids=["method", "too large", "twice", "too many fields", "bytes", "in the query"],
)
def test_what_is_no_such_form_is_refused(kit: Kit, request_: Request, status: int) -> None:
    assert kit.asked(request_).status == status
    assert kit.shelf.kept == {}


def test_a_channel_without_callbacks_is_not_there(kit: Kit) -> None:
    assert kit.counter.deletion(posted(signed()), "tiktok").status == 404
    assert kit.counter.deauthorised(posted(signed()), "").status == 404


def test_where_nothing_can_be_kept_the_platform_is_asked_to_repeat(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise Retryable("aws: SlowDown")

    monkeypatch.setattr(kit.shelf, "keep", down)
    assert kit.asked().status == 500


def test_without_a_secret_nobody_is_heard(kit: Kit) -> None:
    kit.secrets.stored["instagram"] = {"secrets": []}
    assert kit.asked(posted(signed(secret=""))).status in {401, 503}
    assert kit.shelf.kept == {}


def test_the_registry_finds_who_has_callbacks() -> None:
    assert list(having(CHANNELS, "callbacks")) == ["instagram"]


# --- what is asked for is done


def account(identifier: str, channel: str = "instagram") -> Account:
    return Account(channel=channel, id=identifier, integration=f"int-{identifier}", secret="s")


class Chore:
    """The chore over a bucket; erasing takes half of the time in which another is begun."""

    def __init__(self, kit: Kit, *accounts: Account | Unreadable) -> None:
        self.kit, self.rows = kit, list(accounts)
        self.erased: list[tuple[Conversation, str]] = []
        self.refused: set[str] = set()
        self.chore = Deletions(accounts=self, shelf=kit.shelf, erasing=self, clock=kit.clock, metrics=kit.metrics)

    def accounts(self) -> list[Account | Unreadable]:
        return self.rows

    def erase(self, *asked: Any) -> Any:
        self.kit.clock.advance(BEGIN_S / 2)
        if asked[0].customer in self.refused:
            raise Retryable("aws: ThrottlingException")
        self.erased.append(asked)

    def run(self) -> None:
        self.chore.run(self.kit.clock())


def test_the_customer_of_each_account_is_erased_once(kit: Kit) -> None:
    code = kit.code()
    chore = Chore(kit, account("1"), account("2"), account("3", "tiktok"), Unreadable(key="k", problem="p"))
    chore.run()
    chore.run()
    assert chore.erased == [(Conversation("instagram", one, USER), f"int-{one}") for one in ("1", "2")]
    kept = msgspec.json.decode(kit.shelf.kept[key_of(code)], type=Deletion)
    assert (kept.user, kept.ended_ms > 0, kept.operators) == ("", True, False)
    assert kit.metrics.total("deletion_done", channel="instagram") == 1


def test_what_there_is_no_time_for_is_done_in_the_next_hour(kit: Kit) -> None:
    code = kit.code()
    chore = Chore(kit, *(account(str(number)) for number in range(1, 6)))
    chore.run()
    assert 0 < len(chore.erased) < 5
    assert "Under way" in kit.counter.deletion(GET, code).body
    chore.run()
    assert [whose.account for whose, _ in chore.erased] == ["1", "2", "3", "4", "5"]
    assert "Done" in kit.counter.deletion(GET, code).body


def test_an_accounts_own_request_is_its_operators(kit: Kit) -> None:
    code = kit.code()
    chore = Chore(kit, account(USER))
    chore.run()
    assert chore.erased == []
    assert kit.metrics.total("account_stopped", account=USER) == 1
    assert "operator" in kit.counter.deletion(GET, code).body


def test_a_request_of_somebody_who_is_no_account_is_done_and_rings_all_the_same(kit: Kit) -> None:
    kit.asked()
    chore = Chore(kit, account("1"), account("2"), account("4"))
    chore.run()
    chore.run()
    assert len(chore.erased) == 3
    assert kit.metrics.total("account_stopped", account=USER) == 1


@pytest.mark.parametrize("trouble", ["a throttle", "a body that is none"])
def test_one_requests_trouble_is_no_others(kit: Kit, trouble: str) -> None:
    kit.asked()
    chore = Chore(kit, account("1"))
    if trouble == "a throttle":
        before = Deletion(channel="instagram", user="777", asked_ms=1)
        kit.shelf.keep(key_of("0" * 32), msgspec.json.encode(before))
        chore.refused = {"777"}
    else:
        kit.shelf.keep(key_of("0" * 32), b"{")
    with pytest.raises(Exception, match=r"Throttling|truncated"):
        chore.run()
    assert [whose.customer for whose, _ in chore.erased] == [USER]
    chore.refused = set()
    if trouble == "a throttle":
        chore.run()
        assert [whose.customer for whose, _ in chore.erased] == [USER, "777"]


@pytest.mark.parametrize(
    ("age_s", "answer"),
    [
        (0, (200, "")),
        (604_800, (200, "")),
        (604_801, (401, "refused: too_old")),
        (16 * 86_400, (401, "refused: too_old")),
        (-86_400, (200, "")),
        (-86_401, (401, "refused: in_the_future")),
    ],
)
def test_what_was_made_long_ago_or_not_yet_is_refused(kit: Kit, age_s: int, answer: tuple[int, str]) -> None:
    made = posted(signed(issued_at=int(kit.clock()) - age_s))
    told = kit.counter.deauthorised(made, "instagram")
    assert (told.status, told.body) == answer
    assert kit.asked(made).status == answer[0]
    assert bool(kit.shelf.kept) == (kit.metrics.total("account_stopped") == 1) == (answer[0] == 200)
    if answer[0] != 200:
        assert kit.metrics.total("rejected", endpoint="callback", reason=answer[1].split()[1]) == 2


@pytest.mark.parametrize("issued", [None, "", "1800000000", -5, [], {}, 1.5])
def test_one_that_does_not_say_when_it_was_made_is_taken(kit: Kit, issued: Any) -> None:
    assert kit.asked(posted(signed(issued_at=issued))).status == 200
    assert kit.asked(posted(signed({key: value for key, value in SAID.items() if key != "issued_at"}))).status == 200


@pytest.mark.parametrize("left", ["…", "short", "your-app-secret-here", "changeme-changeme", " "])
def test_what_an_example_had_in_a_secrets_place_signs_nothing(kit: Kit, left: str) -> None:
    kit.secrets.stored["instagram"] = {"secrets": [left]}
    answer = kit.asked(posted(signed(secret=left)))
    assert (answer.status, answer.body) == (401, "refused: no_secret")
    assert kit.shelf.kept == {}
