"""The bridge's log lines, wherever they lie: in CloudWatch Logs, or in files where the sandbox writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from chalicelib.aws import calls
from ops.bridge import Bridge
from ops.errors import OpsError

Line = dict[str, Any]
FILE = "file:"
# What a query of Logs Insights answers at most, and how long one is looked at (s).
# docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
MOST = 10_000
# A query has up to 10,000 characters, an id of ours up to some hundred.
TOGETHER = 25
PAUSE_S = 1.0
PATIENCE_S = 120.0
_STAMPS = ("%Y-%m-%d %H:%M:%S,%f%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z")


class Logs(Protocol):
    """Where lines are found."""

    def holding(self, words: Sequence[str], since_s: float) -> list[Line]:
        """The lines that hold one of the words, written since then (epoch s). Raises OpsError."""


class Files:
    """Log files, a JSON object a line."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def holding(self, words: Sequence[str], since_s: float) -> list[Line]:
        """See `Logs`. What is no object is no line of ours."""
        try:
            texts = [line for path in self._paths for line in path.read_text(encoding="utf-8").splitlines()]
        except OSError as error:
            raise OpsError(f"the log cannot be read: {error}", "name it with --logs file:PATH") from None
        return _lines(texts, words, since_s)


class Insights:
    """CloudWatch Logs Insights, over all of the groups at once."""

    def __init__(self, bridge: Bridge, groups: Sequence[str], pause: Callable[[float], None], client: Any) -> None:
        """`pause` waits that many seconds before a query is looked at again."""
        self._bridge = bridge
        self._groups = groups
        self._pause = pause
        self._client = client

    def holding(self, words: Sequence[str], since_s: float) -> list[Line]:
        """See `Logs`."""
        groups = [words[start : start + TOGETHER] for start in range(0, len(words), TOGETHER)]
        return [line for group in groups for line in self._holding(group, since_s)]

    def _holding(self, words: Sequence[str], since_s: float) -> list[Line]:
        wanted = "|".join(re.escape(word).replace("/", r"\/") for word in words)
        asked = {
            "logGroupNames": list(self._groups),
            "startTime": int(since_s),
            "endTime": int(self._bridge.clock()) + 60,
            "queryString": f"fields @message | filter @message like /{wanted}/ | sort @timestamp asc | limit {MOST}",
        }
        what = f"log groups {', '.join(self._groups)}"
        query = self._bridge.aws(lambda: self._client.start_query(**asked), what)["queryId"]
        rows = self._results(query, what)
        return _lines((field["value"] for row in rows for field in row if field["field"] == "@message"), words, since_s)

    def _results(self, query: str, what: str) -> list[list[dict[str, str]]]:
        waited = 0.0
        while True:
            found = self._bridge.aws(lambda: self._client.get_query_results(queryId=query), what)
            if found["status"] == "Complete":
                return list(found["results"])
            if found["status"] not in {"Scheduled", "Running"} or waited >= PATIENCE_S:
                raise OpsError(f"{what}: the query is {found['status']}", "run it again, with fewer --hours")
            self._pause(PAUSE_S)
            waited += PAUSE_S


def opened(bridge: Bridge, named: str, pause: Callable[[float], None]) -> Logs:
    """By their names, comma separated: log groups, or file:PATH. Raises OpsError where none is named."""
    names = [name.strip() for name in named.split(",") if name.strip()]
    if not names:
        raise OpsError("no log groups are named", "pass --logs, or set DMDESK_LOGS as operator_environment does")
    if all(name.startswith(FILE) for name in names):
        return Files([Path(name.removeprefix(FILE)) for name in names])
    return Insights(bridge, names, pause, calls.client("logs"))


def moment(line: Line) -> float:
    """When the line was written (epoch s), 0 where it does not tell."""
    for stamp in _STAMPS:
        try:
            told = datetime.strptime(str(line.get("timestamp", "")), stamp)
        except ValueError:
            continue
        return told.astimezone(UTC).timestamp()
    return 0.0


def _lines(texts: Iterable[str], words: Sequence[str], since_s: float) -> list[Line]:
    """Those that hold one of the words whole: an id may be the beginning of another."""
    whole = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")
    found: list[Line] = []
    for text in texts:
        if not whole.search(text):
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and "_aws" not in line and "level" in line and moment(line) >= since_s:
            found += [one for one in apart(line) if one is line or whole.search(one["event"])]
    return found


def apart(line: Line) -> list[Line]:
    """A line of its own for each event that it tells of, where it tells of several."""
    if "events" not in line:
        return [line]
    rest = {name: fact for name, fact in line.items() if name != "events"}
    return [{**rest, "event": event} for event in str(line["events"]).split(" ")]
