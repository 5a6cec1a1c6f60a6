"""Copies of files and the links to them: who may read what, for how long, and what a second try finds."""

from __future__ import annotations

import base64
import io
import json
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.secrets import LIFETIME_S, SOONEST_REFRESH_S, SecretStore
from chalicelib.edge.door import OPEN_S, Door
from chalicelib.errors import Misconfigured, Rejected, Retryable, Unfetched
from chalicelib.http import Request
from chalicelib.observability import log
from chalicelib.pipeline.media import DIRECT_S, MOST_FILES, Kept, MediaStore, folder
from chalicelib.rules.links import packed, tag
from chalicelib.vocabulary.messages import CustomerMessage, Fetched, Kind, Media, Source
from chalicelib.vocabulary.records import Conversation, Stored

DAYS = 90
NOW = 1_800_000_000.0
JPEG = Fetched(body=b"\xff\xd8\xff\xe0 a picture", mime="application/octet-stream")
PDF = Fetched(body=b"%PDF-1.7\n", mime="application/pdf")
WHO = Conversation("instagram", "17841400000000777", "customer-1")
SOURCE = Source(url="https://lookaside.fbsbx.com/a?signature=1", hosts=("fbsbx.com",), headers={"x-user": "t"})
AGENTS = Source(url="https://api-downloads.example/1", hosts=("example",))
URL = "https://bridge.example/api/media/"


class Shelf:
    """The bucket, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, Stored]] = {}
        self.looked: list[str] = []
        self.removed: list[str] = []
        self.fails: Exception | None = None

    def keep_media(self, key: str, body: bytes, mime: str, name: str) -> None:
        self.files[key] = body, Stored(mime=mime, name=name, size=len(body))

    def stored(self, key: str) -> Stored | None:
        self.looked.append(key)
        if self.fails is not None:
            raise self.fails
        return self.files[key][1] if key in self.files else None

    def verdict(self, key: str) -> str | None:
        return "" if key in self.files else None

    def fetch(self, key: str) -> bytes:
        return self.files[key][0]

    def link(self, key: str, file: Stored, seconds: int) -> str:
        return f"https://bucket.example/{key}?for={seconds}&type={file.mime}&name={file.name}"

    def remove(self, keys: Sequence[str]) -> None:
        self.removed.extend(keys)


class World:
    """What can be fetched, and what was."""

    def __init__(self) -> None:
        self.file: Fetched | Exception = JPEG
        self.asked: list[tuple[str, tuple[str, ...], dict[str, str]]] = []

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        self.asked.append((url, tuple(hosts), dict(headers)))
        if isinstance(self.file, Exception):
            raise self.file
        return self.file


class Manager:
    """Secrets Manager as far as the store uses it; counts reads."""

    def __init__(self) -> None:
        self.keys = ["media-key-number-1"]
        self.reads = 0
        self.fails: Exception | None = None

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        assert SecretId == "s/media"
        self.reads += 1
        if self.fails:
            raise self.fails
        return {"SecretString": json.dumps({"keys": self.keys})}


class Container(NamedTuple):
    """What one container makes links with, and opens them with."""

    store: MediaStore
    door: Door


class Bench:
    """A store and its door over fakes; `now` and what Secrets Manager holds may be changed."""

    def __init__(self) -> None:
        self.shelf, self.world = Shelf(), World()
        self.manager = Manager()
        self.now = NOW
        self.store, self.door = self.container()

    def container(self) -> Container:
        """A cold one, over the same bucket and the same Secrets Manager."""
        client: Any = self.manager
        secrets = SecretStore(lambda: self.now, client)
        return Container(
            MediaStore(
                shelf=self.shelf,
                fetch=self.world,
                secrets=secrets,
                secret_name="s/media",
                public_url="https://bridge.example",
            ),
            Door(shelf=self.shelf, secrets=secrets, secret_name="s/media", days=DAYS, clock=lambda: self.now),
        )

    def rotate(self, *keys: str) -> None:
        """Other keys, which every container has read."""
        self.manager.keys = list(keys)
        self.now += LIFETIME_S

    def token(self) -> str:
        """That of a file which is there."""
        return self.store.keep(said(), lambda: SOURCE).url.removeprefix(URL)

    def take(self, number: int = 0, name: str = "Factura nº 1.PDF") -> Kept:
        return self.store.take(WHO, "m-1", number, AGENTS, name)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def said(kind: Kind = "image", part: int = 0, origin: str = "mid-1", sent_ms: int = int(NOW * 1000)) -> CustomerMessage:
    media = Media(kind=kind, url=SOURCE.url)
    return CustomerMessage(id="e-1", conversation=WHO, sent_ms=sent_ms, media=media, part=part, origin=origin)


def never() -> Source:
    raise AssertionError("the platform was asked")


def request(method: str = "GET") -> Request:
    return Request(method=method, headers={}, query={}, body=b"")


def status_of(bench: Bench, token: str) -> int:
    """What `open` answers: 302 where it leads somewhere."""
    try:
        bench.door.open(token)
    except Rejected as no:
        return no.status
    return 302


def test_a_customers_file_is_copied_and_linked(bench: Bench) -> None:
    kept = bench.store.keep(said(), lambda: SOURCE)
    assert (kept.kind, kept.mime, kept.name) == ("image", "image/jpeg", "image.jpg")
    assert kept.url.startswith(URL)
    assert bench.world.asked == [(SOURCE.url, SOURCE.hosts, SOURCE.headers)]
    [(key, (body, file))] = bench.shelf.files.items()
    assert (body, file) == (JPEG.body, Stored(mime="image/jpeg", name="image.jpg", size=len(JPEG.body)))
    assert "customer-1" not in key + kept.url
    assert "mid-1" not in key + kept.url


def test_the_kind_follows_the_bytes(bench: Bench) -> None:
    assert bench.store.keep(said("video"), lambda: SOURCE).kind == "image"


def test_a_first_try_does_not_look_and_a_retry_does_not_fetch_again(bench: Bench) -> None:
    first = bench.store.keep(said(), lambda: SOURCE)
    assert bench.shelf.looked == []
    assert bench.store.keep(said(), never, again=True) == first
    assert len(bench.world.asked) == 1


def test_a_retry_fetches_what_the_first_try_did_not(bench: Bench) -> None:
    assert bench.store.keep(said(), lambda: SOURCE, again=True).name == "image.jpg"
    assert len(bench.world.asked) == 1


def test_a_replay_finds_the_copy_of_what_the_platform_no_longer_has(bench: Bench) -> None:
    first = bench.store.keep(said(), lambda: SOURCE)
    bench.world.file = Unfetched("media_gone")
    assert bench.store.keep(said(), lambda: SOURCE) == first


@pytest.mark.parametrize("error", [Unfetched("media_gone"), Retryable("503")])
def test_a_file_that_is_not_to_be_had_is_told(bench: Bench, error: Exception) -> None:
    bench.world.file = error
    with pytest.raises(type(error)):
        bench.store.keep(said(), lambda: SOURCE)
    assert bench.shelf.files == {}


@pytest.mark.parametrize(
    "file",
    [Fetched(body=b"<html>", mime="image/jpeg"), Fetched(body=b"a,b", mime="text/csv"), Fetched(body=b"", mime="")],
)
def test_a_customers_file_that_is_not_on_the_list_is_not_copied(bench: Bench, file: Fetched) -> None:
    bench.world.file = file
    with pytest.raises(Unfetched) as caught:
        bench.store.keep(said(), lambda: SOURCE)
    assert caught.value.reason == "media_type"
    assert bench.shelf.files == {}


def test_every_file_has_its_own_place(bench: Bench) -> None:
    other = msgspec.structs.replace(said(), conversation=Conversation("instagram", WHO.account, "customer-2"))
    for one in (said(), said(part=1), said(origin="mid-2"), said(origin=""), other):
        bench.store.keep(one, lambda: SOURCE)
    assert len(bench.shelf.files) == 5


def test_a_conversations_files_lie_in_its_folder_and_no_others_do(bench: Bench) -> None:
    bench.store.keep(said(), lambda: SOURCE)
    bench.take()
    assert all(key.startswith(folder(WHO)) for key in bench.shelf.files)
    bench.store.keep(
        msgspec.structs.replace(said(), conversation=Conversation("instagram", WHO.account, "customer-2")),
        lambda: SOURCE,
    )
    assert sum(key.startswith(folder(WHO)) for key in bench.shelf.files) == 2


@pytest.mark.parametrize("part", [-1, MOST_FILES, 1000])
def test_more_files_than_can_be_forgotten_are_not_copied(bench: Bench, part: int) -> None:
    with pytest.raises(Unfetched):
        bench.store.keep(said(part=part), lambda: SOURCE)
    assert bench.shelf.files == {}


def test_what_the_customer_took_back_goes(bench: Bench) -> None:
    for part in (0, 1, MOST_FILES - 1):
        bench.store.keep(said(part=part), lambda: SOURCE)
    bench.store.keep(said(origin="mid-2"), lambda: SOURCE)
    bench.store.forget(WHO, "mid-1")
    assert len(bench.shelf.removed) == MOST_FILES
    assert len(bench.shelf.files.keys() - set(bench.shelf.removed)) == 1


def test_an_agents_file_is_copied_under_its_name(bench: Bench) -> None:
    bench.world.file = PDF
    kept = bench.take()
    assert (kept.kind, kept.mime, kept.name, kept.size) == ("file", "application/pdf", "Factura nº 1.pdf", 9)
    assert bench.store.body(kept.key) == PDF.body
    assert bench.store.direct(kept) == bench.shelf.link(kept.key, bench.shelf.files[kept.key][1], DIRECT_S)


def test_an_agents_file_may_be_a_document(bench: Bench) -> None:
    bench.world.file = Fetched(body=b"a,b\r\n", mime="text/csv")
    assert bench.take(name="prices").name == "prices.csv"


def test_an_agents_file_is_fetched_once(bench: Bench) -> None:
    first = bench.take()
    bench.world.file = Unfetched("media_gone")  # the desk's URL has ended
    assert bench.take() == first
    with pytest.raises(Unfetched):
        bench.take(number=1)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("", "image.jpg"),
        ("photo.jpeg", "photo.jpg"),
        ("invoice.pdf.exe", "invoice.pdf.jpg"),
        ("Contract v1.2 of May", "Contract v1.2 of May.jpg"),
        ("../../etc/passwd", "_.._etc_passwd.jpg"),
        ('a"b\r\nSet-Cookie: x', "a_b__Set-Cookie_ x.jpg"),
        ("gpj\u202e.exe", "gpj_.jpg"),
        ("inv\u061coi\u00adce\ufeff\U000e0041.pdf", "invoice.jpg"),
        ("...", "image.jpg"),
        ("x" * 500, "x" * 80 + ".jpg"),
        ("日本語 📷.png", "日本語 📷.jpg"),
        ("\ud83d half", "_ half.jpg"),
    ],
)
def test_a_name_is_made_harmless(bench: Bench, name: str, safe: str) -> None:
    assert bench.take(name=name).name == safe


def test_a_link_leads_to_the_file_for_a_minute(bench: Bench) -> None:
    token = bench.token()
    [key] = bench.shelf.files
    assert bench.door.open(token) == bench.shelf.link(key, bench.shelf.files[key][1], OPEN_S)


def test_a_link_is_the_same_on_every_try(bench: Bench) -> None:
    first = bench.token()
    bench.now += 1000
    assert bench.token() == first


def test_an_agents_file_can_be_linked(bench: Bench) -> None:
    kept = bench.take()
    token = bench.store.link(kept.key, int(NOW * 1000)).removeprefix(URL)
    assert kept.key in bench.door.open(token)


@pytest.mark.parametrize(("days", "status"), [(DAYS, 302), (DAYS + 0.001, 404)])
def test_a_link_ends(bench: Bench, days: float, status: int) -> None:
    token = bench.token()
    bench.now += days * 24 * 3600
    assert status_of(bench, token) == status


def test_a_link_of_a_file_that_is_gone_is_like_one_that_never_was(bench: Bench) -> None:
    token = bench.token()
    bench.shelf.files.clear()
    assert status_of(bench, token) == 404


def test_keys_rotate(bench: Bench) -> None:
    old = bench.token()
    bench.rotate("media-key-number-2", "media-key-number-1")
    assert bench.token() != old
    assert status_of(bench, old) == 302
    bench.rotate("media-key-number-2")
    assert status_of(bench, old) == 404


def signed_by(bench: Bench, key: str) -> str:
    """A link to a file that is there, signed by a key that only others have read."""
    bench.manager.keys, before = [key], bench.manager.keys
    kept = bench.store.take(WHO, "m-9", 0, AGENTS, "a")
    token = bench.container().store.link(kept.key, int(NOW * 1000)).removeprefix(URL)
    bench.manager.keys = before
    return token


def test_a_link_of_a_key_that_is_newer_than_the_copy_opens(bench: Bench) -> None:
    bench.token()
    new = signed_by(bench, "media-key-number-2")
    bench.manager.keys = ["media-key-number-2", "media-key-number-1"]
    bench.now += SOONEST_REFRESH_S
    assert bench.door.answer(request(), new).status == 302


def test_a_copy_that_is_too_young_to_be_read_again_is_no_judge(bench: Bench) -> None:
    """It was read before the request came, and may not be read again for the time."""
    bench.token()
    new = signed_by(bench, "media-key-number-2")
    bench.manager.keys = ["media-key-number-2", "media-key-number-1"]
    bench.now += SOONEST_REFRESH_S / 2
    reply = bench.door.answer(request(), new)
    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (503, "please repeat", "5")
    bench.now += float(reply.headers["Retry-After"])
    assert bench.door.answer(request(), new).status == 302


def test_a_forged_link_is_told_like_one_that_never_was_once_the_keys_are_fresh(bench: Bench) -> None:
    forged = signed_by(bench, "a guess of a key")
    assert bench.door.answer(request(), forged) == bench.door.answer(request(), "x" * 75)
    assert bench.manager.reads == 2  # the forger's, and that of a cold container: nothing is asked twice
    bench.now += SOONEST_REFRESH_S
    assert bench.door.answer(request(), forged).status == 404
    assert bench.manager.reads == 3


def test_a_flood_of_forged_links_is_no_flood_of_reads(bench: Bench) -> None:
    bench.token()
    forged = signed_by(bench, "a guess of a key")
    reads = bench.manager.reads
    for _ in range(100):
        bench.now += SOONEST_REFRESH_S / 10
        assert bench.door.answer(request(), forged).status in {404, 503}
    assert bench.manager.reads <= reads + 10


def test_what_is_no_link_is_not_worth_a_read(bench: Bench) -> None:
    bench.token()
    reads = bench.manager.reads
    bench.now += SOONEST_REFRESH_S
    assert status_of(bench, "x" * 75) == 404
    assert bench.manager.reads == reads


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InvalidRequestException"])
def test_while_the_keys_cannot_be_read_known_links_open_and_others_are_not_judged(bench: Bench, code: str) -> None:
    known, new = bench.token(), signed_by(bench, "media-key-number-2")
    bench.manager.fails = ClientError({"Error": {"Code": code}}, "GetSecretValue")
    for _ in range(5):
        bench.now += SOONEST_REFRESH_S
        reply = bench.door.answer(request(), new)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert bench.door.answer(request(), known).status == 302
    cold = bench.container().door.answer(request(), known)
    assert (cold.status, cold.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("last", ["ended", "gone"])
def test_a_link_that_has_ended_is_not_judged_again(bench: Bench, last: str) -> None:
    token = bench.token()
    reads = bench.manager.reads
    if last == "ended":
        bench.now += (DAYS + 1) * 24 * 3600
        reads += 1  # the copy is old as well
    else:
        bench.shelf.files.clear()
    assert status_of(bench, token) == 404
    assert bench.manager.reads == reads


@pytest.mark.parametrize("keys", [[], [""], [" \n"], ["short"], ["changeme-changeme"], ["…"]])
def test_without_a_key_nothing_is_signed_or_opened(bench: Bench, keys: list[str]) -> None:
    token = bench.token()
    bench.rotate(*keys)
    with pytest.raises(Misconfigured) as caught:
        bench.token()
    assert "in the secret s/media" in caught.value.advice
    assert status_of(bench, token) == 404


def test_an_empty_key_opens_nothing(bench: Bench) -> None:
    bench.token()
    [key] = bench.shelf.files
    payload = packed(key, int(NOW * 1000))
    forged = base64.urlsafe_b64encode(payload + tag("", payload)).decode()
    bench.rotate("media-key-number-1", "")
    assert status_of(bench, forged) == 404


@given(place=st.integers(0, 75), sign=st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_changed_link_opens_nothing(place: int, sign: str) -> None:
    bench = Bench()
    token = bench.token()
    changed = token[:place] + sign + token[place + 1 :]
    assert status_of(bench, changed) == (302 if changed == token else 404)


@given(st.one_of(st.text(max_size=120), st.text(string.ascii_letters + "-_", min_size=76, max_size=76)))
def test_any_text_opens_nothing(token: str) -> None:
    bench = Bench()
    assert status_of(bench, token) == 404
    assert bench.shelf.looked == []


@pytest.mark.parametrize("change", [lambda t: t + "=", lambda t: t + "\n", lambda t: t[:-1], lambda t: "A" + t])
def test_a_link_has_one_form(bench: Bench, change: Callable[[str], str]) -> None:
    assert status_of(bench, change(bench.token())) == 404


@pytest.mark.parametrize("sent_ms", [-1, 2**63])
def test_a_time_out_of_range_still_makes_a_link(bench: Bench, sent_ms: int) -> None:
    assert bench.store.keep(said(sent_ms=sent_ms), lambda: SOURCE).url.startswith(URL)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_door_leads_on_and_leaks_nothing(bench: Bench, method: str) -> None:
    token = bench.token()
    reply = bench.door.answer(request(method), token)
    assert (reply.status, reply.body) == (302, "")
    assert reply.headers == {
        "Location": bench.door.open(token),
        "Cache-Control": "private, max-age=30",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def test_who_opened_which_file_can_be_told(bench: Bench) -> None:
    """The key, and the id by which the API's access log has the address. Never the link."""
    token, lines = bench.token(), io.StringIO()
    before = log.write_to(lines)
    try:
        bench.door.answer(msgspec.structs.replace(request(), id="request-1"), token)
        bench.door.answer(msgspec.structs.replace(request(), id="request-2"), "x" * 76)
    finally:
        log.write_to(before)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    [opened] = [line for line in told if line["message"] == "file opened"]
    [key] = bench.shelf.files
    assert (opened["key"], opened["request"]) == (key, "request-1")
    assert token not in lines.getvalue()
    assert WHO.customer not in lines.getvalue()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_door_is_for_reading(bench: Bench, method: str) -> None:
    reply = bench.door.answer(request(method), bench.token())
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_the_door_tells_nobody_why_a_link_opens_nothing(bench: Bench) -> None:
    token = bench.token()
    unknown = bench.door.answer(request(), "x" * 76)
    bench.shelf.files.clear()
    gone = bench.door.answer(request(), token)
    bench.now += 2 * DAYS * 24 * 3600
    assert bench.door.answer(request(), token) == gone == unknown
    assert (unknown.status, unknown.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize("error", [Retryable("aws: SlowDown"), ValueError("bucket dmdesk-1234")])
def test_the_door_tells_nobody_what_broke(bench: Bench, error: Exception) -> None:
    token = bench.token()
    bench.shelf.fails = error
    reply = bench.door.answer(request(), token)
    assert (reply.status, reply.body) == (503, "please repeat")
