"""Files from outside: only from where they may come, and never more or longer than we can bear."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import fetching
from chalicelib.connections import Tls
from chalicelib.errors import Retryable, TokenRefused, Unfetched
from chalicelib.fetching import LARGEST, REDIRECTS, WHOLE_S, Fetcher, place, public
from chalicelib.vocabulary.messages import Fetched

HOSTS = ("fbsbx.com", "cdninstagram.com")
PUBLIC = "157.240.0.1"
JPEG = b"\xff\xd8\xff\xe0 a picture"
Deal = Callable[[BaseHTTPRequestHandler], None]


class Clock:
    """Seconds that pass only when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Web:
    """A real server on 127.0.0.1: what it answers by path, and which headers came."""

    def __init__(self) -> None:
        self.deals: dict[str, Deal] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.close_connection = True
                with suppress(OSError):  # the fetcher hangs up where it has heard enough
                    web.deals[self.path](self)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def answers(
        self, path: str, status: int = 200, body: bytes = b"", length: int | None = None, **headers: str
    ) -> str:
        """Lets the path be answered like this; returns its URL."""

        def deal(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body) if length is None else length))
            handler.end_headers()
            handler.wfile.write(body)

        self.deals[path] = deal
        return self.url + path

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join(60)
        self.server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as made:
        yield made


def fetcher(*webs: Web, clock: Callable[[], float] | None = None) -> Fetcher:
    trusted = [web.url for web in webs]
    return Fetcher(trusted, clock) if clock else Fetcher(trusted)


def refused(url: str, hosts: tuple[str, ...] = HOSTS, trusted: tuple[str, ...] = ()) -> str:
    """Fetches what must not be fetched; answers the reason."""
    with pytest.raises(Unfetched) as caught:
        Fetcher(trusted)(url, hosts, {})
    return caught.value.reason


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Nothing leaves the machine: the addresses to which a connection was begun."""
    found: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", dial)
    return found


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name leads to these addresses."""

    def lookup(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def test_a_file_and_what_its_server_says_it_is(web: Web) -> None:
    url = web.answers("/a?x=1&y=%20", body=JPEG, Content_Type="Image/JPEG; charset=x")
    assert fetcher(web)(url, (), {"x-user": "token-1"}) == Fetched(body=JPEG, mime="image/jpeg")
    [(_, headers)] = web.seen
    assert headers["x-user"] == "token-1"
    assert headers["host"] == web.url.removeprefix("http://")
    assert headers["accept-encoding"] == "identity"


def test_a_file_in_chunks(web: Web) -> None:
    def deal(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    web.deals["/a"] = deal
    assert fetcher(web)(web.url + "/a", (), {}).body == b"hello world"


@pytest.mark.parametrize(
    "url",
    [
        "https://evilfbsbx.com/a", "https://fbsbx.com.evil.com/a", "https://fbsbx.com@evil.com/a",
        "https://evil.com/fbsbx.com", "https://evil.com#.fbsbx.com", "https://evil.com\\.fbsbx.com",
        "https://evil.com\\@fbsbx.com/a", "https://evil.com:443/?fbsbx.com", "https://evil.com%2f.fbsbx.com.x/a",
        "https://user:word@fbsbx.com/a", "https://fbsbx.com:444/a", "https://fbsbx.com:80/a",
        "http://fbsbx.com/a", "http://fbsbx.com:443/a", "ftp://fbsbx.com/a", "file:///etc/passwd",
        "gopher://fbsbx.com:443/_x", "data:image/png;base64,AAAA", "//fbsbx.com/a", "/a", "", "fbsbx.com",
        "https://", "https:///a", "https://com/a", "https://.com/a", "https://[::1]/a", "https://127.0.0.1/a",
        "https://2130706433/a", "https://0x7f.1/a", "https://0177.0.0.1/a", "https://127.1/a", "https://localhost/a",
        "https://[::ffff:127.0.0.1]/a", "https://169.254.169.254/latest/meta-data", "https://fbsbx.com./a",
        "https://[fbsbx.com/a", "https://fbsbx.com:99999/a", "https://fbsbx.com:x/a", f"https://{'a' * 64}.fbsbx.com/a",
    ],
)  # fmt: skip
def test_an_address_that_is_not_the_platforms_is_not_asked(url: str, dialled: list[tuple[str, int]]) -> None:
    assert refused(url) == "media_not_allowed"
    assert dialled == []


def test_no_hosts_allow_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, PUBLIC)
    assert refused("https://fbsbx.com/a", hosts=()) == "media_not_allowed"
    assert refused("https://fbsbx.com/a", hosts=("",)) == "media_not_allowed"


@pytest.mark.parametrize("url", ["https://fbsbx.com/a", "https://lookaside.FBSBX.com:443/a"])
@pytest.mark.parametrize("hosts", [("fbsbx.com",), ("FBSBX.COM",)])
def test_a_host_and_its_subdomains_are_asked_by_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[str, int]], url: str, hosts: tuple[str, ...]
) -> None:
    resolves(monkeypatch, PUBLIC)
    with pytest.raises(Retryable):
        Fetcher()(url, hosts, {})
    assert dialled == [(PUBLIC, 443)]


def test_a_host_of_the_settings_is_asked_like_the_platforms(
    monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[str, int]]
) -> None:
    resolves(monkeypatch, PUBLIC)
    with pytest.raises(Retryable):
        Fetcher(["cdn.example"])("https://a.cdn.example/a", HOSTS, {})
    assert dialled == [(PUBLIC, 443)]


@pytest.mark.parametrize("trusted", [(), ("cdn.example",)])
@pytest.mark.parametrize("addresses", [("10.0.0.1",), (PUBLIC, "127.0.0.1"), ("169.254.169.254",), ("::1",)])
def test_a_name_that_leads_inside_a_network_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
    dialled: list[tuple[str, int]],
    addresses: tuple[str, ...],
    trusted: tuple[str, ...],
) -> None:
    resolves(monkeypatch, *addresses)
    assert refused(f"https://{(*trusted, 'fbsbx.com')[0]}/a", trusted=trusted) == "media_not_allowed"
    assert dialled == []


def test_a_second_address_is_tried(monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[str, int]]) -> None:
    resolves(monkeypatch, PUBLIC, "157.240.0.2", PUBLIC)
    with pytest.raises(Retryable):
        Fetcher()("https://fbsbx.com/a", HOSTS, {})
    assert dialled == [(PUBLIC, 443), ("157.240.0.2", 443)]


def test_a_name_that_leads_nowhere_may_do_so_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Retryable):
        Fetcher()("https://fbsbx.com/secret?key=1", HOSTS, {})


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "157.240.0.1", "2a03:2880:f10c:83:face:b00c:0:25de", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    ],
)  # fmt: skip
def test_a_public_address(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1",
        "192.0.0.8", "192.0.0.9", "192.88.99.1", "2001:1::1", "3fff::1", "3fff:fff:ffff::1",
        "192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:db8::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "100::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(web: Web, status: int) -> None:
    web.answers("/b", body=JPEG)
    url = web.answers("/a", status, Location="/b")
    assert fetcher(web)(url, (), {"x-user": "t"}).body == JPEG
    assert [headers.get("x-user") for _, headers in web.seen] == ["t", "t"]


def test_a_header_does_not_follow_to_another_host_and_does_not_come_back(web: Web) -> None:
    with Web() as other:
        web.answers("/c", body=JPEG)
        other.answers("/b", 302, Location=web.url + "/c")
        url = web.answers("/a", 302, Location=other.url + "/b")
        fetcher(web, other)(url, (), {"x-user": "token-1"})
        assert [headers.get("x-user") for _, headers in (*web.seen, *other.seen)] == ["token-1", None, None]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:9/", "https://169.254.169.254/latest/meta-data", "https://[::1]/", "file:///etc/passwd",
        "//evil.com/", "https://fbsbx.com.evil.com/", "http://fbsbx.com/", "https://[", "https://fbsbx.com:8443/",
    ],
)  # fmt: skip
def test_a_redirect_to_where_no_file_may_come_from_is_not_followed(web: Web, target: str) -> None:
    url = web.answers("/a", 302, Location=target)
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, HOSTS, {})
    assert caught.value.reason == "media_not_allowed"


def test_a_redirect_to_a_name_that_leads_inside_is_not_followed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    url = web.answers("/a", 302, Location="https://fbsbx.com/inside")
    resolves(monkeypatch, "127.0.0.1")
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, HOSTS, {})
    assert caught.value.reason == "media_not_allowed"


@pytest.mark.parametrize(
    "url", ["https://somebodys.s3.amazonaws.com/a", "https://amazonaws.com/a", "https://%3Eamazonaws.com/a"]
)
def test_a_host_that_is_only_led_to_is_not_asked_by_itself(url: str, dialled: list[tuple[str, int]]) -> None:
    assert refused(url, hosts=("mypurecloud.ie", ">amazonaws.com")) == "media_not_allowed"
    assert dialled == []


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """As `dialled`, but that this machine is reached: what is asked of the world outside."""
    found: list[tuple[str, int]] = []
    lookup, connect = socket.getaddrinfo, socket.create_connection

    def look(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        return list(lookup("127.0.0.1" if host == "127.0.0.1" else PUBLIC, port, *rest, **named))

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        if address[0] == "127.0.0.1":
            return connect(address, timeout)
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(socket, "create_connection", dial)
    return found


def test_a_host_that_is_only_led_to_is_asked_where_another_leads_there(
    web: Web, outside: list[tuple[str, int]]
) -> None:
    web.answers("/b", 302, Location="https://bucket.s3.eu-west-1.amazonaws.com/a")
    for path in ("/b", web.answers("/a", 302, Location="/b").removeprefix(web.url)):
        with pytest.raises(Retryable):
            fetcher(web)(web.url + path, ("mypurecloud.ie", ">amazonaws.com"), {})
    assert outside == [(PUBLIC, 443)] * 2


@pytest.mark.parametrize("hosts", [("mypurecloud.ie",), ("mypurecloud.ie", ">amazonaws.eu")])
def test_a_host_that_nobody_named_is_not_asked_whoever_leads_there(
    web: Web, outside: list[tuple[str, int]], hosts: tuple[str, ...]
) -> None:
    url = web.answers("/a", 302, Location="https://bucket.s3.eu-west-1.amazonaws.com/a")
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, hosts, {})
    assert (caught.value.reason, outside) == ("media_not_allowed", [])


@pytest.mark.parametrize(("hops", "arrives"), [(REDIRECTS, True), (REDIRECTS + 1, False)])
def test_redirects_end(web: Web, hops: int, arrives: bool) -> None:
    for hop in range(hops):
        web.answers(f"/{hop}", 302, Location=f"/{hop + 1}")
    web.answers(f"/{hops}", body=JPEG)
    if arrives:
        assert fetcher(web)(web.url + "/0", (), {}).body == JPEG
    else:
        with pytest.raises(Unfetched) as caught:
            fetcher(web)(web.url + "/0", (), {})
        assert caught.value.reason == "media_failed"
    assert len(web.seen) == REDIRECTS + 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, "media_gone"), (404, "media_gone"), (410, "media_gone"), (400, "media_failed"), (401, "media_failed"),
        (204, "media_failed"), (206, "media_failed"), (304, "media_failed"), (302, "media_failed"),
    ],
)  # fmt: skip
def test_an_answer_without_the_file_says_why(web: Web, status: int, reason: str) -> None:
    url = web.answers("/a", status)
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, (), {})
    assert caught.value.reason == reason


def test_a_key_that_is_not_taken_may_have_been_renewed(web: Web) -> None:
    url = web.answers("/a", 401)
    with pytest.raises(TokenRefused):
        fetcher(web)(url, (), {"Authorization": "Bearer old"})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
@pytest.mark.parametrize(("header", "after_s"), [("30", 30.0), ("", None), ("soon", None), ("9" * 400, 3600.0)])
def test_an_answer_that_may_change_is_worth_a_retry(web: Web, status: int, header: str, after_s: float | None) -> None:
    url = web.answers("/a", status, Retry_After=header)
    with pytest.raises(Retryable) as caught:
        fetcher(web)(url, (), {})
    assert caught.value.after_s == after_s


def test_a_file_as_big_as_it_may_be(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    url = web.answers("/a", body=bytes(1000))
    assert len(fetcher(web)(url, (), {}).body) == 1000


def test_a_file_that_announces_too_much_is_not_read(web: Web) -> None:
    url = web.answers("/a", length=LARGEST + 1)
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, (), {})
    assert caught.value.reason == "media_too_big"


def test_a_file_without_end_is_not_read_on(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 200_000)
    sent = 0

    def deal(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while True:
            sent += handler.wfile.write(bytes(10_000))

    web.deals["/a"] = deal
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(web.url + "/a", (), {})
    assert caught.value.reason == "media_too_big"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_an_encoded_body_is_not_unpacked(web: Web, encoding: str) -> None:
    url = web.answers("/a", body=gzip.compress(bytes(1_000_000)), Content_Encoding=encoding)
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, (), {})
    assert caught.value.reason == "media_failed"


def test_a_file_that_breaks_off_is_worth_a_retry(web: Web) -> None:
    url = web.answers("/a", body=b"half", length=8)
    with pytest.raises(Retryable):
        fetcher(web)(url, (), {})


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz"]
)
def test_an_answer_that_is_no_http_is_worth_a_retry(web: Web, answer: bytes) -> None:
    def deal(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(answer)

    web.deals["/a"] = deal
    with pytest.raises(Retryable):
        fetcher(web)(web.url + "/a", (), {})


@pytest.mark.parametrize("drip", [b"x", b"X-More: 1\r\n"])
def test_a_server_that_drips_ends_with_the_deadline(web: Web, drip: bytes) -> None:
    """In the body, or in the headers that never end: each byte comes in time, the whole does not."""
    clock = Clock()
    head = b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if drip == b"x" else b"")

    def deal(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(90):
            clock.now += WHOLE_S / 50
            handler.wfile.write(drip)

    web.deals["/a"] = deal
    with pytest.raises(Retryable) as caught:
        fetcher(web, clock=clock)(web.url + "/a", (), {})
    assert "TimeoutError" in caught.value.reason


def test_a_server_that_says_nothing_is_left(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "READ_S", 0.05)
    done = threading.Event()

    def deal(_: BaseHTTPRequestHandler) -> None:
        done.wait(60)

    web.deals["/a"] = deal
    with pytest.raises(Retryable):
        fetcher(web)(web.url + "/a", (), {})
    done.set()


def test_a_resolver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WHOLE_S", 0.02)
    done = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        done.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(Retryable, match="TimeoutError"):
        Fetcher()("https://fbsbx.com/a", HOSTS, {})
    done.set()


def test_a_closed_port_is_worth_a_retry() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Retryable):
        Fetcher([origin])(origin + "/a", (), {})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a", "https://127.0.0.1:4001/a", "http://localhost:4001/a"])
def test_a_trusted_origin_is_exactly_that_origin(url: str, dialled: list[tuple[str, int]]) -> None:
    assert refused(url, trusted=("http://127.0.0.1:4001",)) == "media_not_allowed"
    assert dialled == []


def test_what_is_told_has_no_query(web: Web) -> None:
    url = web.answers("/a?signature=secret-1", 404)
    with pytest.raises(Unfetched) as caught:
        fetcher(web)(url, (), {})
    assert "secret-1" not in f"{caught.value} {caught.value.detail}"


def test_a_proxy_of_the_environment_is_not_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetcher(web)(web.answers("/a", body=JPEG), (), {}).body == JPEG


@contextmanager
def speaking_tls(web: Any, name: str, folder: Path) -> Iterator[Tls]:
    """The server, behind a certificate for this name; the context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    encoding, nothing = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, nothing)
    pem.write_bytes(private + certificate.public_bytes(encoding))
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(pem)
    web.server.socket = server_side.wrap_socket(web.server.socket, server_side=True)
    trusting = Tls(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(cadata=certificate.public_bytes(encoding).decode())
    yield trusting


@pytest.mark.parametrize(("name", "fits"), [("localhost", True), ("evil.com", False)])
def test_the_certificate_has_to_be_the_hosts(tmp_path: Path, name: str, fits: bool) -> None:
    web = Web()
    with speaking_tls(web, name, tmp_path) as context, web:
        vars(web.server)["handle_error"] = lambda *_: None  # it would print the refusals that are wanted
        web.answers("/a", body=JPEG)
        origin = f"https://localhost:{web.server.server_port}"
        one = Fetcher([origin])
        vars(one)["_tls"] = context
        if fits:
            assert one(origin + "/a", (), {}).body == JPEG
        else:
            with pytest.raises(Retryable, match="SSLCertVerificationError"):
                one(origin + "/a", (), {})
            assert web.seen == []


def test_certificates_are_judged_by_default() -> None:
    context = Fetcher()._tls
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@given(st.one_of(st.text(max_size=40), st.text(max_size=40).map("https://fbsbx.com".__add__)))
def test_any_text_is_a_place_or_none(text: str) -> None:
    try:
        where = place(text)
    except Unfetched:
        return
    assert where.scheme in {"http", "https"}
    assert where.target.isascii()
    assert not any(sign in where.target for sign in "\r\n ")
