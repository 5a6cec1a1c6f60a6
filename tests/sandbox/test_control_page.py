"""Who may talk to the control API, and how the page's files are served."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.control import ControlServer
from sandbox.show.pages import Pages
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.journal import Journal
from sandbox.stage.web import Answer, Stream
from tests.sandbox.conftest import WAIT_S
from tests.sandbox.kit import played, simulators
from tests.sandbox.test_control import FakeBridge

MEDIA = "http://127.0.0.1:4711"


class Site:
    """A control API with a page of four files; `get` asks for one with exactly these headers."""

    def __init__(self, folder: Path, clock: Clock, faults: Faults) -> None:
        for name, text in (("index.html", "<p>"), ("main.js", "1"), ("secret.txt", "no"), ("style/base.css", "a {}")):
            (folder / "page" / "style").mkdir(parents=True, exist_ok=True)
            (folder / "page" / name).write_text(text)
        (folder / "beside.js").write_text("no")
        self.journal = Journal()
        self.connections: list[http.client.HTTPConnection] = []
        vendors = simulators(clock, faults)
        self.control = ControlServer(
            FakeBridge(),
            played(*vendors, clock),
            clock,
            faults,
            pages=Pages([MEDIA], folder / "page"),
            more={"/events": {"GET": lambda call: Answer(200, Stream(self.journal.follow()))}},
        )
        self.port = urlsplit(self.control.url).port or 0
        self.control.start()
        self.parts = (self.control, *vendors)

    def stop(self) -> None:
        self.journal.close()
        for connection in self.connections:
            connection.close()
        for part in self.parts:
            part.stop()

    def get(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        self.connections.append(connection)
        host = {"Host": f"127.0.0.1:{self.port}"}
        connection.request(method, path, headers=host | headers)
        return connection.getresponse()


@pytest.fixture
def site(tmp_path: Path, clock: Clock, faults: Faults) -> Iterator[Site]:
    made = Site(tmp_path, clock, faults)
    yield made
    made.stop()


@pytest.mark.parametrize("path", ["/", "/page/", "/events", "/state"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "localhost.evil.example"])
def test_another_host_is_refused(site: Site, path: str, host: str) -> None:
    assert site.get(path, Host=host).status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", ""])
def test_another_origin_is_refused(site: Site, origin: str) -> None:
    assert site.get("/reset", "POST", Origin=origin).status == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_page_itself_is_let_in(site: Site, name: str) -> None:
    own = f"{name}:{site.port}"
    assert site.get("/reset", "POST", Host=own, Origin=f"http://{own}").status == 200


def test_the_pages_policy_lets_in_its_own_files_and_what_people_send(site: Site) -> None:
    headers = site.get("/page/").headers
    policy = dict(part.strip().partition(" ")[::2] for part in (headers["Content-Security-Policy"] or "").split(";"))
    media = f"'self' data: {MEDIA}"
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": media, "media-src": media,
        "connect-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/page/", "text/html"),
        ("/page/index.html", "text/html"),
        ("/page/main.js", "text/javascript"),
        ("/page/style/base.css", "text/css"),
    ],
)
def test_files_are_served_with_their_type(site: Site, path: str, kind: str) -> None:
    answer = site.get(path)
    assert (answer.status, (answer.headers["Content-Type"] or "").partition(";")[0]) == (200, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/page/none.js",
        "/page/secret.txt",
        "/page/../beside.js",
        "/page/%2e%2e/beside.js",
        "/page//etc/passwd.js",
        "/page/style/",
    ],
)
def test_nothing_else_is_served(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_a_path_that_no_file_can_have_is_no_failure(site: Site) -> None:
    assert site.get("/page/%00.js").status == 400


def test_files_can_only_be_read(site: Site) -> None:
    assert site.get("/page/", "POST").status == 405


def test_json_is_never_taken_for_anything_else(site: Site) -> None:
    assert site.get("/state").headers["X-Content-Type-Options"] == "nosniff"


def test_a_stream_ends_when_the_sandbox_does(site: Site) -> None:
    answer = site.get("/events")
    assert answer.readline() == b"retry: 1000\n"
    site.journal.close()
    assert answer.read() in {b"\n", b"\n: still here\n\n"}
