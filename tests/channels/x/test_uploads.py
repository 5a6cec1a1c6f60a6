"""Files for X: brought piece by piece, by whichever worker, however often one dies, and never waited for."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.channels.x.capabilities import CAPABILITIES
from chalicelib.channels.x.uploads import CALLS_AT_ONCE, LONGEST_S, PIECE
from chalicelib.errors import Refused, Retryable, Throttled, TokenRefused, Uncertain, Waiting
from chalicelib.http import Answer
from chalicelib.pipeline.outbound.parts import PART_S
from chalicelib.vocabulary.replies import MediaPart, Recipient
from tests.channels.x.kit import ANA, API, BRAND, Kit
from tests.channels.x.shapes import fits
from tests.channels.x.test_client import DONE, arrived, event, limited, problem
from tests.fakes import START, Call, FakeOutgoing, answer

TO = Recipient(customer=ANA, thread="dm", mark="m" * 32)
PNG = MediaPart(kind="image", mime="image/png", name="a.png", body=b"\x89PNG\r\n\x1a\n...")
FILM = MediaPart(kind="video", mime="video/mp4", name="a.mp4", body=bytes(range(256)) * (PIECE // 256) * 2 + b"end")


class X(FakeOutgoing):
    """Takes uploads and messages as its documentation has them. What it still works on is asked for so often until it
    is done; `states` says how that goes."""

    def __init__(self, *states: str) -> None:
        super().__init__()
        self.states = list(states)
        self.held: dict[str, dict[int, bytes]] = {}
        self.asked: dict[str, int] = {}
        self.ready: set[str] = set()
        self.sent: list[str] = []
        self.troubles: dict[str, list[Answer | Exception]] = {}

    def _answered(self, call: Call) -> Answer:
        self.calls.append(call)
        path = call.url.removeprefix(API).partition("?")[0]
        for end, troubles in self.troubles.items():
            if path.endswith(end) and troubles:
                trouble = troubles.pop(0)
                if isinstance(trouble, Exception):
                    raise trouble
                return trouble
        return self._at(path, call)

    def _at(self, path: str, call: Call) -> Answer:
        if path == "/2/media/upload/initialize":
            asked = fits(path, call.json())
            identifier = str(1880028106020515840 + len(self.held))
            self.held[identifier], self.asked[identifier] = {}, asked["total_bytes"]
            return answer(200, {"data": {"id": identifier, "media_key": f"3_{identifier}"}})
        if found := re.fullmatch(r"/2/media/upload/([0-9]{1,19})/append", path):
            fields = _fields(call)
            assert set(fields) == {"segment_index", "media"}
            self.held[found[1]][int(fields["segment_index"])] = fields["media"]
            return answer(200, {"data": {"expires_at": 1}})
        if found := re.fullmatch(r"/2/media/upload/([0-9]{1,19})/finalize", path):
            assert not call.body
            assert len(self.whole(found[1])) == self.asked[found[1]]
            return self._work(found[1])
        if path == "/2/media/upload":
            [identifier] = re.findall(r"^command=STATUS&media_id=([0-9]{1,19})$", call.url.partition("?")[2])
            return self._work(identifier)
        [attached] = fits("/messages", call.json())["attachments"]
        assert attached["media_id"] in self.ready
        self.sent.append(attached["media_id"])
        return DONE

    def _work(self, identifier: str) -> Answer:
        state = self.states.pop(0) if self.states else ""
        if state in {"", "succeeded"}:
            self.ready.add(identifier)
        info = {"processing_info": {"state": state, "check_after_secs": 3}} if state else {}
        return answer(200, {"data": {"id": identifier, **info}})

    def whole(self, identifier: str) -> bytes:
        return b"".join(body for _, body in sorted(self.held[identifier].items()))


def _fields(call: Call) -> dict[str, bytes]:
    head = f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode()
    read = email.message_from_bytes(head + (call.body or b""), EmailMessage, policy=email.policy.HTTP)
    parts = [part for part in read.iter_parts() if isinstance(part, EmailMessage)]
    return {str(part.get_param("name", header="content-disposition")): _bytes(part) for part in parts}


def _bytes(part: EmailMessage) -> bytes:
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body


def through(worker: Kit, part: MediaPart = PNG, looks: int = 20) -> str:
    """As the queue does it: whoever waits is asked again when its time has come."""
    for _ in range(looks):
        try:
            return worker.client.send(BRAND, TO, part)
        except Waiting as later:
            worker.clock.advance(later.after_s or 0.0)
    raise AssertionError("it never ends")


def test_a_picture_is_uploaded_and_sent_in_one_look() -> None:
    x = X()
    worker = Kit(http=x)
    assert worker.client.send(BRAND, TO, PNG) == "1122334455667788990"
    assert x.sent == ["1880028106020515840"]
    assert x.whole(x.sent[0]) == PNG.body
    assert [call.url.removeprefix(API) for call in x.calls] == [
        "/2/media/upload/initialize", "/2/media/upload/1880028106020515840/append",
        "/2/media/upload/1880028106020515840/finalize", f"/2/dm_conversations/with/{ANA}/messages",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mime", "kind", "category"),
    [
        ("image/jpeg", "image", "dm_image"), ("image/png", "image", "dm_image"), ("image/webp", "image", "dm_image"),
        ("image/gif", "image", "dm_gif"), ("video/mp4", "video", "dm_video"), ("video/quicktime", "video", "dm_video"),
    ],
)  # fmt: skip
def test_each_file_has_the_category_of_messages(mime: str, kind: str, category: str) -> None:
    assert mime in {one for limit in CAPABILITIES.media.values() for one in limit.mimes}
    x = X()
    part = MediaPart(kind="video" if kind == "video" else "image", mime=mime, name="a", body=b"x" * 9)
    Kit(http=x).client.send(BRAND, TO, part)
    assert x.calls[0].json() == {"media_type": mime, "media_category": category, "total_bytes": 9}


@pytest.mark.parametrize(
    "part",
    [
        MediaPart(kind="file", mime="application/pdf", name="a.pdf", body=b"x"),
        MediaPart(kind="audio", mime="audio/mpeg", name="a.mp3", body=b"x"),
        MediaPart(kind="image", mime="image/png", name="a.png"),
    ],
)
def test_what_x_does_not_carry_is_refused_without_a_call(part: MediaPart) -> None:
    x = X()
    with pytest.raises(Refused) as caught:
        Kit(http=x).client.send(BRAND, TO, part)
    assert (caught.value.reason, x.calls) == ("media_refused", [])


def test_a_film_is_brought_piece_by_piece_and_waited_for_by_the_queue() -> None:
    x = X("pending", "in_progress", "succeeded")
    worker = Kit(http=x)
    began = worker.clock()
    assert through(worker, FILM) == "1122334455667788990"
    assert x.whole(x.sent[0]) == FILM.body
    assert len(x.held) == 1
    assert worker.clock() - began >= 6, "as long as X asked, twice"


def test_no_look_takes_longer_than_a_part_may() -> None:
    """A call takes eleven seconds at the most, and the send comes after the upload's."""
    x = X()
    worker = Kit(http=x)
    with pytest.raises(Waiting):
        worker.client.send(BRAND, TO, FILM)
    assert len(x.calls) == 1 + CALLS_AT_ONCE
    assert CALLS_AT_ONCE * 11 + 11 <= PART_S


@pytest.mark.parametrize("dies", range(1, 8))
def test_another_worker_goes_on_where_one_died(dies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any of the calls: what was remembered is not done again, and nothing is sent twice."""
    x = X("pending", "succeeded")
    first = Kit(http=x)
    count = 0
    answered = x._at

    def dying(path: str, call: Call) -> Answer:
        nonlocal count
        count += 1
        if count == dies:
            raise KeyboardInterrupt
        return answered(path, call)

    monkeypatch.setattr(x, "_at", dying)
    with pytest.raises(KeyboardInterrupt):
        through(first, FILM)
    assert through(Kit(http=x, beside=first), FILM)
    assert x.whole(x.sent[0]) == FILM.body
    assert len(x.sent) == 1
    assert len([call for call in x.calls if call.url.endswith("/append")]) <= 4


@pytest.mark.parametrize("trouble", [Uncertain("no answer"), Retryable("no connection"), problem(500), problem(401)])
@pytest.mark.parametrize("at", ["/initialize", "/append", "/finalize", "/2/media/upload"])
def test_nothing_of_an_upload_is_seen_so_that_all_of_it_may_be_repeated(at: str, trouble: Answer | Exception) -> None:
    x = X("pending", "succeeded")
    x.troubles[at] = [trouble]
    worker = Kit(http=x)
    with pytest.raises(Retryable) as caught:
        through(worker)
    assert not isinstance(caught.value, Waiting)
    assert isinstance(caught.value, TokenRefused) or not (isinstance(trouble, Answer) and trouble.status == 401)
    assert through(worker)
    assert len(x.sent) == 1


def test_a_limit_of_uploads_is_waited_for() -> None:
    x = X()
    worker = Kit(http=x)
    x.troubles["/append"] = [limited(worker.clock() + 100)]
    with pytest.raises(Throttled):
        worker.client.send(BRAND, TO, PNG)
    assert through(worker)
    assert len(x.held) == 1


@pytest.mark.parametrize("states", [("failed",), ("pending", "failed"), ("in_progress",) * 400])
def test_a_file_that_x_cannot_work_on_is_refused_for_good(states: tuple[str, ...]) -> None:
    x = X(*states)
    worker = Kit(http=x)
    with pytest.raises(Refused) as caught:
        through(worker, looks=400)
    assert caught.value.reason == "media_refused"
    calls = len(x.calls)
    with pytest.raises(Refused):
        worker.client.send(BRAND, TO, PNG)
    assert len(x.calls) == calls
    assert worker.clock() - START <= LONGEST_S + 10


NOT_PERMITTED = problem(403, "You are not permitted to attach this media to a DM event")


@pytest.mark.parametrize(
    ("at", "no"),
    [(at, no) for at in ("/initialize", "/append", "/finalize") for no in (problem(400), problem(415), NOT_PERMITTED)]
    + [("/messages", NOT_PERMITTED)],
)
def test_what_x_refuses_of_a_file_is_a_file_refused(at: str, no: Answer) -> None:
    x = X()
    x.troubles[at] = [no]
    with pytest.raises(Refused) as caught:
        Kit(http=x).client.send(BRAND, TO, PNG)
    assert caught.value.reason == "media_refused"


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {"id": ""}}, {"data": {"id": "../1"}}])
def test_an_upload_without_an_id_is_begun_anew(data: dict[str, object]) -> None:
    x = X()
    x.troubles["/initialize"] = [answer(200, data)]
    worker = Kit(http=x)
    with pytest.raises(Retryable):
        worker.client.send(BRAND, TO, PNG)
    assert through(worker)


def test_each_part_has_an_upload_of_its_own() -> None:
    x = X()
    worker = Kit(http=x)
    for mark in ("a" * 32, "b" * 32):
        worker.client.send(BRAND, Recipient(customer=ANA, thread="dm", mark=mark), PNG)
    assert len(set(x.sent)) == 2


def test_a_day_later_the_upload_is_gone_and_made_anew() -> None:
    x = X()
    worker = Kit(http=x)
    x.troubles["/messages"] = [problem(401)]
    with pytest.raises(TokenRefused):
        worker.client.send(BRAND, TO, PNG)
    worker.clock.advance(24 * 3600)
    assert through(worker)
    assert len(x.held) == 2


def test_a_sent_file_is_known_by_the_id_under_which_it_was_uploaded() -> None:
    x = X()
    worker = Kit(http=x)
    x.troubles["/messages"] = [Uncertain("no answer")]
    with pytest.raises(Uncertain):
        worker.client.send(BRAND, TO, PNG)
    asking = Kit(beside=worker)
    part = MediaPart(kind="image", mime="image/png", name="a.png")
    others = event("6", "https://t.co/a", attachments={"media_keys": ["3_99"]})
    ours = event("7", "https://t.co/b", attachments={"media_keys": ["3_1880028106020515840"]})
    assert arrived({"data": [others]}, part, kit=asking) is None
    assert arrived({"data": [ours, others]}, part, kit=asking) == "7"


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_arrive_as_they_are(body: bytes) -> None:
    x = X()
    Kit(http=x).client.send(BRAND, TO, MediaPart(kind="image", mime="image/png", name="a.png", body=body))
    assert x.whole(x.sent[0]) == body
