"""trace: hops are found in logs and ledger by any id, and none tells what was written."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation, Seat, Thread
from ops import __main__ as commands
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.logs import MOST, PATIENCE_S, PAUSE_S, TOGETHER, Insights, moment, opened
from sandbox.stage.aws import TABLE
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")
WHOSE = Conversation("instagram", INSTAGRAM, "customer-1")
SECRET_WORDS = "what was written"


def line(message: str, at: float, **facts: Any) -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3] + "+0000"
    return json.dumps({"level": "INFO", "location": "x:1", "message": message, "timestamp": stamp, **facts})


@pytest.fixture
def traced(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A customer's message, and an agent's answer at the second attempt."""
    now = time.time()
    table = Table(TABLE, deployment.dynamodb)
    item = "IN#message:mid-1"
    table.claim(WHOSE, item, now - 9, 10)
    table.delivered(
        WHOSE, item, now - 8, Thread(seat=Seat(conversation="desk-1"), customer_ms=int(now * 1000)), SECRET_WORDS
    )
    table.claim(WHOSE, "OUT#gen-1#1", now - 5, 10, SECRET_WORDS)
    table.sent(WHOSE, "OUT#gen-1#1", now - 2, "mid-2", words=SECRET_WORDS)
    log = tmp_path / "bridge.log"
    log.write_text(
        "\n".join(
            [
                line(
                    "received",
                    now - 10,
                    events="message:mid-0 message:mid-1 message:mid-10",
                    source="instagram",
                    account=INSTAGRAM,
                ),
                line("delivered", now - 8, event="message:mid-1", account=INSTAGRAM, conversation=WHOSE.key),
                line("retry", now - 4, event="message:gen-1", reason="busy", attempt=1, delay_s=1),
                line("part sent", now - 2, message_id="gen-1", part="OUT#gen-1#1", key="mid-2", conversation=WHOSE.key),
                line("delivered", now - 8, event="message:other", conversation="instagram#1#other"),
                line("delivered", now - 8, event="message:mid-10", conversation="instagram#1#customer-11"),
                "no JSON",
                '{"_aws": {}, "level": "INFO", "event": "message:mid-1"}',
                line("delivered", now - 90 * 3600, event="message:mid-1", reason="another day"),
            ]
        )
    )
    monkeypatch.setenv("DMDESK_LOGS", f"file:{log}")
    return deployment


def hops(deployment: Deployment, *asked: str) -> list[tuple[str, str, int]]:
    ran = deployment.vendors.run("trace", *asked, "--json")
    assert SECRET_WORDS not in ran.out
    assert ran.code == 0
    assert [one["at"] for one in ran.json] == sorted(one["at"] for one in ran.json)
    return [(one["id"], one["decision"], one["attempt"]) for one in ran.json]


INBOUND = [("message:mid-1", "received", 0), ("message:mid-1", "claimed", 0)]
AT_DESK = {("message:mid-1", "delivered", 0), ("message:mid-1", "done", 0)}
BEGUN = [("gen-1", "claimed", 0), ("message:gen-1", "retry", 1)]
AT_PLATFORM = {("gen-1", "part sent", 0), ("gen-1", "done", 0), ("mid-2", "at the platform", 0)}


@pytest.mark.parametrize("identifier", ["mid-1", "message:mid-1"])
def test_a_customers_message_is_followed_to_the_desk(traced: Deployment, identifier: str) -> None:
    found = hops(traced, identifier)
    assert (found[:2], set(found[2:])) == (INBOUND, AT_DESK)


@pytest.mark.parametrize("identifier", ["gen-1", "mid-2"])
def test_an_agents_message_is_followed_to_the_platform_by_either_id(traced: Deployment, identifier: str) -> None:
    found = hops(traced, identifier)
    assert (found[:2], set(found[2:])) == (BEGUN, AT_PLATFORM)


def test_a_customer_is_followed_through_all(traced: Deployment) -> None:
    found = hops(traced, "customer-1")
    assert set(found) == {*INBOUND, *AT_DESK, *BEGUN, *AT_PLATFORM}


def test_people_read_a_table_and_what_is_unknown_is_told(traced: Deployment) -> None:
    head, first, *_ = traced.vendors.run("trace", "mid-1").out.splitlines()
    assert head.split() == ["AT", "FROM", "ID", "ATTEMPT", "DECISION", "REASON"]
    assert first.split()[1:] == ["log", "message:mid-1", "received"]
    ran = traced.vendors.run("trace", "nobody")
    assert (ran.code, ran.out.startswith("nothing is known of it")) == (1, True)
    assert traced.vendors.run("trace", "mid-1", "--hours", "100").out.count("another day") == 1


def test_logs_that_are_not_named_or_not_there_are_told(traced: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read" in traced.vendors.run("trace", "x", "--logs", "file:/nowhere").err
    monkeypatch.delenv("DMDESK_LOGS")
    assert "no log groups are named" in traced.vendors.run("trace", "x").err


# --- CloudWatch Logs Insights


class Cloud:
    """Answers a query as it is told, after so many looks."""

    def __init__(self, *statuses: str, lines: tuple[str, ...] = ()) -> None:
        self.statuses, self.lines = list(statuses), lines
        self.asked: list[dict[str, Any]] = []

    def start_query(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        return {"queryId": "q-1"}

    def get_query_results(self, queryId: str) -> dict[str, Any]:
        assert queryId == "q-1"
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        rows = [[{"field": "@ptr", "value": "p"}, {"field": "@message", "value": text}] for text in self.lines]
        return {"status": status, "results": rows}


def bridge(deployment: Deployment) -> Bridge:
    import os

    return Bridge(os.environ, commands.clock, lambda value: None)


def test_a_query_is_looked_at_until_it_is_complete(deployment: Deployment) -> None:
    pauses: list[float] = []
    cloud = Cloud("Scheduled", "Running", "Complete", lines=(line("sent", 100.5, message_id="gen-1"), "START gen-1"))
    logs = Insights(bridge(deployment), ["/aws/lambda/a", "/aws/lambda/b"], pauses.append, cloud)
    [found] = logs.holding(["gen-1", "a/b.c"], 50)
    assert (found["message"], moment(found), pauses) == ("sent", 100.5, [PAUSE_S, PAUSE_S])
    [asked] = cloud.asked
    assert asked["logGroupNames"] == ["/aws/lambda/a", "/aws/lambda/b"]
    assert asked["startTime"] == 50
    assert asked["queryString"] == (
        rf"fields @message | filter @message like /gen\-1|a\/b\.c/ | sort @timestamp asc | limit {MOST}"
    )


@pytest.mark.parametrize(("status", "waits"), [("Failed", 0), ("Timeout", 0), ("Running", PATIENCE_S)])
def test_a_query_that_does_not_end_well_is_told(deployment: Deployment, status: str, waits: float) -> None:
    pauses: list[float] = []
    with pytest.raises(OpsError, match=status):
        Insights(bridge(deployment), ["g"], pauses.append, Cloud(status)).holding(["x"], 0)
    assert sum(pauses) == waits


def test_many_names_are_asked_for_in_several_queries(deployment: Deployment) -> None:
    cloud = Cloud("Complete")
    Insights(bridge(deployment), ["g"], lambda s: None, cloud).holding([f"id{n}" for n in range(TOGETHER + 1)], 0)
    assert len(cloud.asked) == 2


def test_rights_that_are_missing_are_named(deployment: Deployment) -> None:
    class Refusing(Cloud):
        def start_query(self, **asked: Any) -> Any:
            said = "User: arn:x is not authorized to perform: logs:StartQuery on resource: y"
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": said}}, "StartQuery")

    with pytest.raises(OpsError) as told:
        Insights(bridge(deployment), ["g"], lambda s: None, Refusing("Complete")).holding(["x"], 0)
    assert "logs:StartQuery" in told.value.fix


def test_log_groups_are_told_from_files(deployment: Deployment) -> None:
    assert isinstance(opened(bridge(deployment), "/aws/lambda/a, /aws/lambda/b", lambda s: None), Insights)
