"""Secrets Manager, read seldom: cached with a lifetime, reloaded early when a secret stops working, and not waited
for where an older value serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.aws import calls
from chalicelib.aws.calls import call, code_of
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.observability import log

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
T = TypeVar("T")

LIFETIME_S = 300.0
# A forged signature must not make us ask each time, and a rotated secret has to be read while the sender still
# repeats. Who repeats least does so five times, 5 s apart (each webhook.py tells how often its sender repeats):
# whichever containers answer, 5 s after a rotation each of them has asked anew or may, so that its second try is
# taken, or the third. A flood of forgeries makes 12 calls a minute and container.
SOONEST_REFRESH_S = 5.0
# A store that could not be read is not asked again for so long, where an older value serves.
PAUSE_S = 30.0
# One short try: whoever asks has a cached value, or is repeated by its queue or its sender.
READING = calls.CONFIG.merge(Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}))
# What is written cannot be had again (a platform's newest tokens): tried for half a minute, as functions live.
WRITING = calls.CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 4}))
# No such secret, none of its versions has a value, or no secret can have this name.
_ABSENT = {"ResourceNotFound", "Validation"}
_UNUSABLE = {"InvalidRequest", "InvalidParameter"}
_UNUSABLE_ADVICE = "restore it in Secrets Manager if it is marked for deletion; else store its value again"


class _Held(msgspec.Struct):
    """What is known of a secret: its object and since when, when it was last asked for, and what failed then."""

    value: dict[str, Any] | None = None
    loaded_s: float = -inf
    asked_s: float = -inf
    problem: Retryable | None = None
    lock: Lock = msgspec.field(default_factory=Lock)
    """Held while it is asked for: who needs it meanwhile waits for the answer, and asks for no other."""


class SecretStore:
    """Each secret is a JSON object."""

    def __init__(self, clock: Callable[[], float], client: SecretsManagerClient | None = None) -> None:
        self._clock = clock
        self._given = client
        self._held: dict[str, _Held] = {}

    def open(self) -> None:
        """Makes ready what the first question needs."""
        _ = self._client  # made by being asked for

    @cached_property
    def _client(self) -> SecretsManagerClient:
        return self._given or calls.client("secretsmanager", READING)

    @cached_property
    def _writer(self) -> SecretsManagerClient:
        return self._given or calls.client("secretsmanager", WRITING)

    def get(self, name: str) -> dict[str, Any]:
        """The secret's object; {} where it does not exist, has no value yet, or holds no JSON object.

        An older value beats an outage. Raises Retryable, at once or after one short try, where there is none.
        """
        held = self._held.setdefault(name, _Held())
        if self._due(held):
            with held.lock:
                if self._due(held):
                    self._load(name, held)
        problem = held.problem
        if problem and held.value is None:
            raise problem.with_traceback(None)
        return held.value or {}

    def _due(self, held: _Held) -> bool:
        """Whether it has to be asked for, and may be."""
        now = self._clock()
        lifetime_s = LIFETIME_S if held.value else PAUSE_S  # what holds nothing is about to be filled
        if abs(now - held.loaded_s) < lifetime_s:
            return False
        pause_s = SOONEST_REFRESH_S if held.value is None else PAUSE_S
        return held.problem is None or abs(now - held.asked_s) >= pause_s

    def refresh(self, name: str, since_s: float | None = None) -> bool:
        """Loads the secret again, unless it was asked for in the last 5 s. True where that succeeded; where
        `since_s` (epoch s) is given, also where it was loaded since then."""
        held = self._held.setdefault(name, _Held())
        with held.lock:
            now = self._clock()
            if abs(now - held.asked_s) >= SOONEST_REFRESH_S and not self._load(name, held):
                return True
            # what seems to have been loaded later than now was loaded before the clock was set back
            return since_s is not None and since_s <= held.loaded_s <= now

    def read(self, name: str) -> dict[str, Any]:
        """The secret's object as it is stored now; otherwise as `get`. Raises Retryable where it cannot be read."""
        held = self._held.setdefault(name, _Held())
        with held.lock:
            problem = self._load(name, held)
        if problem:
            raise problem
        return held.value or {}

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Stores the object as the secret's newest version. Raises Retryable after four tries."""
        _asked(name, lambda: self._writer.put_secret_value(SecretId=name, SecretString=json.dumps(value)))
        now = self._clock()
        self._held[name] = _Held(value=value, loaded_s=now, asked_s=now)

    def _load(self, name: str, held: _Held) -> Retryable | None:
        """None where the secret was read, else what failed."""
        held.asked_s = self._clock()
        try:
            text = _asked(name, lambda: self._text(name))
        except Retryable as problem:
            held.problem = problem
            log.warning("secret not read", key=name, reason=problem.reason)
            return problem
        held.problem, held.value = None, _object(text)  # in this order: who reads meanwhile holds no lock
        held.loaded_s = held.asked_s
        return None

    def _text(self, name: str) -> str:
        try:
            return self._client.get_secret_value(SecretId=name).get("SecretString", "")
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return ""
            raise


def _asked(name: str, work: Callable[[], T]) -> T:
    try:
        return call(work)
    except ClientError as error:
        if code_of(error) not in _UNUSABLE:
            raise
        raise Misconfigured(f"aws: the secret {name} cannot be used", _UNUSABLE_ADVICE) from error


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}
