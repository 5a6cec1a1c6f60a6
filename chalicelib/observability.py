"""What the operator sees: one JSON line per outcome, one metric per countable fact.

Lines carry ids, kinds and outcomes. They never carry what people write, tokens or whole bodies:
`Log` takes only named facts, and drops names that are not on its list.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from time import localtime, strftime, time
from typing import Protocol, TextIO

import msgspec

from chalicelib.errors import Judged

NAMESPACE = "dmdesk"

# The only facts a line may carry; a test holds every call against it.
FACTS = frozenset(
    {
        "account", "advice", "attempt", "channel", "code", "conversation", "correlation", "count", "delay_s",
        "delivered", "desk_conversation", "detail", "doubled", "error", "event", "events", "integration", "key", "kind",
        "message", "missing", "out_of_order", "part", "parts", "queue", "reason", "received", "request", "source",
        "status", "told", "under_way", "where",
    }
)  # fmt: skip


class Metrics(Protocol):
    """Counts and measures facts by name and a few labels."""

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        """Adds `value` to the metric."""

    def measure(self, name: str, milliseconds: float, **labels: str) -> None:
        """Notes how long something took."""


class EmfMetrics:
    """Writes CloudWatch's embedded metric format to standard output, a line per count: the total and the labels.
    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

    Powertools would write the same line at ten times the cost (docs/performance.md). POWERTOOLS_SERVICE_NAME, where it
    is set, tells this bridge's metrics from another's.
    """

    def __init__(self) -> None:
        service = os.environ.get("POWERTOOLS_SERVICE_NAME")
        self._bridge = {"service": service} if service else {}

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        self._write(name, "Count", value, labels)

    def measure(self, name: str, milliseconds: float, **labels: str) -> None:
        self._write(name, "Milliseconds", max(0.0, milliseconds), labels)

    def _write(self, name: str, unit: str, value: float, labels: dict[str, str]) -> None:
        known = {**self._bridge, **{label: text for label, text in labels.items() if text}}
        told = _directive(name, unit, tuple(self._bridge), tuple(known))
        line = {"_aws": {"Timestamp": int(time() * 1000), "CloudWatchMetrics": [told]}, **known, name: value}
        # in one piece: the line of another thread must not come between it and its end
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")


@lru_cache(1024)
def _directive(name: str, unit: str, total: tuple[str, ...], whole: tuple[str, ...]) -> dict[str, object]:
    """What CloudWatch makes of the line."""
    return {
        "Namespace": NAMESPACE,
        # a set of its own beside the total's: alarms watch the total, people the labels
        "Dimensions": [total, whole] if len(whole) > len(total) else [total],
        "Metrics": [{"Name": name, "Unit": unit}],
    }


class Line(logging.Formatter):
    """A line of known facts alone, in the form of Powertools for AWS Lambda, which log tools know. Powertools itself
    looks through everything that a record may hold, and its forty modules cost a cold start 13 ms."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "level": record.levelname,
            "message": record.msg,
            "timestamp": _moment(record.created),
            "service": NAMESPACE,
        }
        if isinstance(record, _Record):
            return msgspec.json.encode(told | record.facts).decode()
        facts = vars(record)
        told |= {name: facts[name] for name in sorted(_TOLD.intersection(facts))}
        return msgspec.json.encode(told).decode()


def _moment(epoch_s: float) -> str:
    """The time as Powertools writes it."""
    second, zone = _second(int(epoch_s))
    return f"{second},{int(epoch_s % 1 * 1000):03d}{zone}"


@lru_cache(1)
def _second(epoch_s: int) -> tuple[str, str]:
    here = localtime(epoch_s)
    return strftime("%Y-%m-%d %H:%M:%S", here), strftime("%z", here)


class _Record(logging.LogRecord):
    """A record without what logging looks up for each (thread, process, the place of the call), which no line names."""

    _NOWHERE = vars(logging.LogRecord(NAMESPACE, logging.INFO, "", 0, "", (), None))

    def __init__(self, level: int, outcome: str, facts: dict[str, str | int | float]) -> None:
        now_s = time()
        told = {"levelno": level, "levelname": logging.getLevelName(level), "msg": outcome}
        vars(self).update(self._NOWHERE, **told, created=now_s, msecs=now_s % 1 * 1000, **facts)
        self.facts = facts


def _wordless(record: logging.LogRecord) -> bool:
    """Chalice logs under our name, with the path, which holds a link's token, and the exception, whose words may quote
    a body. Its type and place are kept, whoever handles the record."""
    if record.exc_info and record.exc_info[1]:
        record.error = where(record.exc_info[1])
    record.args, record.exc_info = (), None
    return True


def level_of(environment: Mapping[str, str]) -> str:
    """The lowest level that is told, INFO where nobody says: what Lambda's own controls let through goes before what
    the function's variables ask for. docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    names = ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL")
    level = next((found for name in names if (found := environment.get(name, "").upper())), "INFO")
    return "DEBUG" if level == "TRACE" else level  # which logging has no word for


class Log:
    """A structured logger that cannot leak a body: unknown facts are dropped."""

    def __init__(self) -> None:
        self._handler = logging.StreamHandler(sys.stdout)
        self._handler.setFormatter(Line())
        self._logger = logging.getLogger(NAMESPACE)
        self._logger.setLevel(level_of(os.environ))
        self._logger.addFilter(_wordless)
        self._logger.addHandler(self._handler)
        self._logger.propagate = False  # Lambda's own handler, the root's, would tell each line again

    def write_to(self, stream: TextIO) -> TextIO:
        """Sends the lines there; answers where they went before."""
        before: TextIO = self._handler.setStream(stream) or stream
        return before

    def info(self, outcome: str, **facts: str | int | float) -> None:
        """Something ended as it should."""
        self._write(logging.INFO, outcome, facts)

    def warning(self, outcome: str, **facts: str | int | float) -> None:
        """Something ended otherwise, and the bridge deals with it."""
        self._write(logging.WARNING, outcome, facts)

    def error(self, outcome: str, **facts: str | int | float) -> None:
        """Somebody has to look; `advice` says where."""
        self._write(logging.ERROR, outcome, facts)

    def _write(self, level: int, outcome: str, facts: dict[str, str | int | float]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.handle(_Record(level, outcome, _known(facts)))


# "message" is the logger's own key for the outcome
_TOLD = FACTS - {"message"} | {"message_id"}


def _known(facts: dict[str, str | int | float]) -> dict[str, str | int | float]:
    return {("message_id" if name == "message" else name): fact for name, fact in facts.items() if name in FACTS}


log = Log()
# it warns of an answer's odd headers by the URL, whose query may be a key
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


NEW_CODE = (
    "look the code up in the platform's pages; until it has a row in the channel's problems.py the bridge goes by its "
    "family (docs/errors.md)"
)


@contextmanager
def new_codes(metrics: Metrics, channel: str) -> Iterator[None]:
    """Counts and tells an answer whose code no table has. Whatever is raised goes on."""
    try:
        yield
    except Judged as error:
        if error.unlisted:
            metrics.count("problem_unlisted", channel=channel, code=error.unlisted)
            log.error("new code", channel=channel, code=error.unlisted, detail=str(error), advice=NEW_CODE)
        raise


def where(error: BaseException) -> str:
    """Type and place of an error, without its text: an exception's words may quote a customer's."""
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
