"""Logs and metrics carry ids, kinds and outcomes; never what people write, tokens or secrets."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics

from chalicelib.channels.instagram import client as instagram_client
from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM_TRANSLATOR
from chalicelib.channels.tiktok import client as tiktok_client
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK_TRANSLATOR
from chalicelib.desks.genesys.client import Genesys
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS_TRANSLATOR
from chalicelib.errors import Judged, Refused, Retryable, Uncertain
from chalicelib.http import Answer, Outgoing, Request
from chalicelib.observability import FACTS, EmfMetrics, Line, level_of, log, new_codes, where
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.records import Conversation, Event, Thread
from tests.contract.signing import request, signature, signed
from tests.edge.kit import BODIES, PLATFORMS, EdgeKit
from tests.fakes import (
    INSTAGRAM,
    TIKTOK,
    FakeClock,
    FakeMetrics,
    FakeOutgoing,
    FakeSecrets,
    answer,
)
from tests.kits import Bench, record
from tests.test_http import no_proxy, raw_server

__all__ = ["no_proxy"]
CHALICELIB = Path(__file__).parent.parent / "chalicelib"
# Each stands for something that no log line may hold.
TEXT = "MARKER-what-a-person-wrote"
TOKEN = "MARKER-access-token"
SECRET = "MARKER-webhook-secret"
OAUTH = "MARKER-oauth-client-secret"
BEARER = "MARKER-genesys-token"
VERIFY = "MARKER-verify-token"


class Lines(logging.Handler):
    """Keeps everything of every record, formatted and not."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def text(self) -> str:
        formatters = [handler.formatter for handler in logging.getLogger("dmdesk").handlers if handler.formatter]
        assert formatters
        return "\n".join(
            [formatter.format(record) for record in self.records for formatter in formatters]
            + [repr(record.__dict__) for record in self.records]
        )


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("dmdesk")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
def metrics() -> FakeMetrics:
    return FakeMetrics()


def marked(platform: str) -> bytes:
    """A delivery whose text is the marker."""
    body = BODIES[platform]
    said = (b"Is the oolong back?", b"Do you ship to Oslo?", b"Do you have a white pot?", b"It is, since Monday.")
    for words in said:
        body = body.replace(words, TEXT.encode())
    assert TEXT.encode() in body
    return body


def edge_traffic(metrics: FakeMetrics) -> list[Event]:
    """Everything that can happen at the edge; the good deliveries' events."""
    kit = EdgeKit()
    kit.edge._metrics = metrics
    for platform in PLATFORMS:
        kit.secrets.stored[platform] = {"secrets": [SECRET], "verify_tokens": [VERIFY]}
        body = marked(platform)
        kit.post(platform, signed(platform, body, SECRET))
        kit.post(platform, signed(platform, body, "another-" + SECRET))
        kit.post(platform, request(platform, body, None))
        kit.post(platform, request(platform, body, TOKEN))
        kit.post(platform, request(platform, body, signature(platform, body, SECRET), **{"content-type": TEXT}))
        kit.post(platform, signed(platform, TEXT.encode(), SECRET))
        kit.queue(platform).refuses = True
        kit.post(platform, signed(platform, body, SECRET))
        kit.queue(platform).refuses = False
    for token in (VERIFY, "wrong-" + VERIFY):
        query = {"hub.mode": "subscribe", "hub.challenge": f"<{TEXT}>", "hub.verify_token": token}
        kit.edge.social(Request(method="GET", headers={}, query=query, body=b""))
    return kit.stored


class Always(FakeOutgoing):
    """Logins succeed; everything else is answered alike, for ever."""

    def __init__(self, given: Answer | Exception) -> None:
        super().__init__()
        self.given = given

    def _answered(self, call: Any) -> Answer:
        if "login" in call.url:
            return answer(200, {"access_token": BEARER, "expires_in": 86_400})
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


GIVEN: list[Answer | Exception] = [
    answer(200, {"conversationId": "desk-1", "message_id": "mid-9", "code": 0, "data": {}}),
    *(answer(status, {"message": TEXT, "code": "some.code"}) for status in (400, 401, 403, 409, 429, 500)),
    *(answer(400, {"error": {"message": TEXT, "code": code}}) for code in (4, 10, 190, 1, 99999)),
    *(answer(200, {"message": TEXT, "code": code}) for code in (40001, 40100, 40105, 51065, 99999)),
    answer(200, {"status": "Failed", "reasons": [{"message": TEXT}], "message_id": "mid-9"}),
    Answer(status=200, headers={}, body=TEXT.encode()),
    Uncertain("no answer"),
    KeyError(TEXT),
]


def worker_traffic(events: list[Event], metrics: FakeMetrics) -> None:
    """Every event through its worker against every answer, five attempts each."""
    secrets = FakeSecrets(oauth={"clients": [{"id": "client-1", "secret": OAUTH}]})
    secrets.stored |= {account.secret: {"access_token": TOKEN} for account in (INSTAGRAM, TIKTOK)}
    urls = {name: f"https://{name}.example" for name in ("instagram_graph", "facebook_graph", "tiktok_api")}
    urls["graph_version"] = "v25.0"
    for given in GIVEN:
        for listed in ([INSTAGRAM, TIKTOK], []):
            http = Always(given)
            clock = FakeClock()
            desk = Genesys(http, Tokens(http, secrets.get, "oauth", "https://login.example", clock), "https://api")
            clients: dict[str, Client] = {
                "instagram": instagram_client.open_client(http, secrets.get, urls.__getitem__),
                "tiktok": tiktok_client.open_client(http, secrets.get, urls.__getitem__),
            }
            bench = Bench(clients, desk, secrets, clock, metrics)
            bench.ledger.listed = listed
            bench.ledger.threads[Conversation("tiktok", TIKTOK.id, "55501").key] = Thread(platform="thread")
            to_desk = bench.to_desk({"instagram": INSTAGRAM_TRANSLATOR, "tiktok": TIKTOK_TRANSLATOR})
            inbound = bench.batch(to_desk, bench.inbound)
            outbound = bench.batch(bench.to_customer(GENESYS_TRANSLATOR), bench.outbound)
            for event in events:
                batch = outbound if event.source == "genesys" else inbound
                for _ in range(5):
                    batch.run([record(event)], lambda: 300.0)
                    clock.advance(100)
            for told in bench.outbound.events:
                outbound.run([record(told)], lambda: 300.0)


def unreadable(event: Event) -> Event:
    """The event with the text where an object is due."""
    return msgspec.structs.replace(event, id=event.id + "-x", raw=msgspec.Raw(msgspec.json.encode({"message": TEXT})))


def test_no_log_line_and_no_metric_holds_what_it_must_not(lines: Lines, metrics: FakeMetrics) -> None:
    events = edge_traffic(metrics)
    assert [event.source for event in events] == PLATFORMS
    other = msgspec.structs.replace(events[2], raw=msgspec.Raw(bytes(events[2].raw).replace(b"int-ig", b"int-tt")))
    worker_traffic([*events, other, *map(unreadable, events)], metrics)
    counted = repr(metrics.lines)
    assert "MARKER" not in counted
    assert "MARKER" not in lines.text
    # the traffic did reach the branches that it was made for
    happened = {record.getMessage() for record in lines.records}
    expected = {"rejected", "parked", "not stored", "delivered", "sent", "not delivered", "retry", "failed"}
    assert expected <= happened
    assert {"the desk refuses a message", "not told"} <= happened
    assert {"dead_letter", "uncertain", "unconfirmed", "ignored"} <= set(metrics.totals())


@pytest.mark.parametrize("write", [log.info, log.warning, log.error])
def test_unknown_facts_are_dropped(lines: Lines, write: Callable[..., None]) -> None:
    write("something happened", event="id-1", message="id-2", text=TEXT, body=TEXT, token=TOKEN, headers=TEXT)
    [record] = lines.records
    assert record.getMessage() == "something happened"
    assert (record.__dict__["event"], record.__dict__["message_id"]) == ("id-1", "id-2")
    assert "MARKER" not in lines.text


def test_a_line_is_json_of_the_outcome_and_its_facts() -> None:
    stream = io.StringIO()
    before = log.write_to(stream)
    try:
        log.warning("not delivered", message="id-2", event="smörgås 🚚 \n", delay_s=1.5, attempt=2)
    finally:
        log.write_to(before)
    assert stream.getvalue().endswith("}\n")
    line = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+-]\d{4}", line.pop("timestamp"))
    assert line == {
        "level": "WARNING", "service": "dmdesk", "message": "not delivered",
        "message_id": "id-2", "event": "smörgås 🚚 \n", "delay_s": 1.5, "attempt": 2,
    }  # fmt: skip


def test_an_errors_place_is_told_without_its_words() -> None:
    try:
        json.loads("{" + TEXT)
    except ValueError as error:
        told = where(error)
    assert told.startswith("JSONDecodeError at json")
    assert "MARKER" not in told
    assert where(KeyError(TEXT)) == "KeyError at "


def calls_of_log() -> list[tuple[str, ast.Call]]:
    """Every log.info, log.warning and log.error in the product, with where it stands."""
    found = []
    for path in sorted(CHALICELIB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                found.append((f"{path.relative_to(CHALICELIB)}:{node.lineno}", node))
    return found


def test_every_log_call_names_known_facts_and_a_fixed_outcome() -> None:
    calls = calls_of_log()
    assert len(calls) >= 10
    unknown = {place: keyword.arg for place, call in calls for keyword in call.keywords if keyword.arg not in FACTS}
    assert unknown == {}
    loose = [
        place
        for place, call in calls
        if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant) or not isinstance(call.func, ast.Attribute)
    ]
    assert loose == []


def test_an_answers_odd_header_is_not_told_with_the_key_in_its_query(caplog: pytest.LogCaptureFixture) -> None:
    def deal(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")

    session = Outgoing()
    with raw_server(deal) as url:
        session.get(f"{url}/path?access_token={TOKEN}", headers={})
    session.close()
    assert TOKEN not in caplog.text


def test_nothing_else_writes_to_the_output() -> None:
    """`print` and loggers of one's own would pass by the list of facts."""
    found = [
        f"{path.relative_to(CHALICELIB)}:{node.lineno}"
        for path in sorted(CHALICELIB.rglob("*.py"))
        if path.name != "observability.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
        or (isinstance(node, (ast.Import, ast.ImportFrom)) and "logging" in ast.unparse(node))
    ]
    assert found == []


def test_a_metric_is_one_line_of_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    EmfMetrics().count("ignored", 3, reason="echo_own")
    EmfMetrics().count("retried")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["ignored"] in (3, [3], [3.0])
    assert first["reason"] == "echo_own"
    assert second["retried"] in (1, [1], [1.0])
    for line, name in ((first, "ignored"), (second, "retried")):
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "dmdesk"
        assert [metric["Name"] for metric in directive["Metrics"]] == [name]


@pytest.mark.parametrize("service", ["", "acme"])
@pytest.mark.parametrize("labels", [{}, {"source": "instagram"}, {"channel": "tiktok", "reason": "é\n"}])
def test_a_metric_is_the_line_that_powertools_would_write(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], service: str, labels: dict[str, str]
) -> None:
    monkeypatch.delenv("POWERTOOLS_SERVICE_NAME", raising=False)
    if service:
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    theirs = EphemeralMetrics(namespace="dmdesk")
    theirs.add_metric(name="ignored", unit="Count", value=3)
    if labels:
        theirs.add_dimensions(**({"service": service} if service else {}), **labels)
    theirs.flush_metrics()
    EmfMetrics().count("ignored", 3, **labels)
    one, other = map(json.loads, capsys.readouterr().out.splitlines())
    assert abs(one["_aws"].pop("Timestamp") - other["_aws"].pop("Timestamp")) < 60_000
    assert one | {"ignored": 3} == other


def test_the_app_leaves_the_logger_as_it_is() -> None:
    """Chalice would set the logger of the app's name to errors only: no delivery would leave a line."""
    import app

    logger = logging.getLogger(app.app.app_name)
    assert logger.isEnabledFor(logging.INFO)
    assert len([handler for handler in logger.handlers if isinstance(handler.formatter, Line)]) == 1


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, "INFO"),
        ({"LOG_LEVEL": "warning"}, "WARNING"),
        ({"LOG_LEVEL": "", "POWERTOOLS_LOG_LEVEL": "ERROR"}, "ERROR"),
        ({"LOG_LEVEL": "ERROR", "POWERTOOLS_LOG_LEVEL": "debug"}, "DEBUG"),
        ({"LOG_LEVEL": "ERROR", "AWS_LAMBDA_LOG_LEVEL": "WARN"}, "WARN"),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL"}, "FATAL"),
        ({"AWS_LAMBDA_LOG_LEVEL": "TRACE"}, "DEBUG"),
    ],
)
def test_what_is_told_is_said_by_lambdas_controls_or_by_a_variable(environment: dict[str, str], level: str) -> None:
    assert level_of(environment) == level
    logging.getLogger("dmdesk.level").setLevel(level)  # which logging takes


def test_a_line_is_told_once_where_the_root_has_a_handler_as_lambdas_has() -> None:
    heard, stream = Lines(), io.StringIO()
    logging.root.addHandler(heard)
    before = log.write_to(stream)
    try:
        log.warning("once")
    finally:
        log.write_to(before)
        logging.root.removeHandler(heard)
    assert (len(stream.getvalue().splitlines()), heard.records) == (1, [])


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.ERROR])
def test_a_line_has_the_form_of_powertools(level: int) -> None:
    record = logging.LogRecord("dmdesk", level, __file__, 1, "delivered", (), None)
    record.channel = "instagram"
    theirs = LambdaPowertoolsFormatter(service="dmdesk", location=None)
    one, other = json.loads(Line().format(record)), json.loads(theirs.format(record))
    assert one == {name: value for name, value in other.items() if value is not None}


# Codes that no table has


@pytest.mark.parametrize("error", [Refused("other", "code 4711"), Retryable("code 4711"), Uncertain("code 4711")])
def test_a_new_code_is_counted_and_told_and_goes_on(error: Judged, lines: Lines) -> None:
    error.unlisted = "4711"
    metrics = FakeMetrics()
    with pytest.raises(type(error)) as caught, new_codes(metrics, "instagram"):
        raise error
    assert caught.value is error
    assert metrics.lines == [("problem_unlisted", 1, {"channel": "instagram", "code": "4711"})]
    line = lines.records[0].__dict__
    told = [line[name] for name in ("levelname", "msg", "code", "channel")]
    assert told == ["ERROR", "new code", "4711", "instagram"]
    assert "docs/errors.md" in line["advice"]


@pytest.mark.parametrize("error", [Refused("other", "code 10"), Retryable("code 4"), ValueError("x")])
def test_a_code_that_is_known_is_not_new(error: Exception) -> None:
    metrics = FakeMetrics()
    with pytest.raises(type(error)), new_codes(metrics, "instagram"):
        raise error
    assert metrics.lines == []
