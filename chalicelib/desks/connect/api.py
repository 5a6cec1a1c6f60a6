"""The calls of Amazon Connect that the bridge makes: on the instance and its register of customers, signed, and as a
participant, by its token.

docs.aws.amazon.com/connect/latest/APIReference. They go out by our own session: botocore's clients sleep between their
own retries, and cost each cold start (docs/adr/0015-connect.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.desks.connect.problems import Api, judged
from chalicelib.errors import Misconfigured, RateLimited, Uncertain, Unreachable, Waiting
from chalicelib.http import Answer, Outgoing

JSON = "application/json"
# After a refusal for its rate a call rests for a second, twice as long after the next, up to a minute: the limits are
# per second. docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
FIRST_S, LONGEST_S = 1.0, 60.0
# Nothing waits for the register (s).
PROFILES_S = 2.0
# What counts with what.
_SHARED = {"/participant/event": "/participant/message"}
TOPIC = "DMDESK_CONNECT_TOPIC is the ARN of a topic, arn:aws:sns:<region>:<account>:<name>, in the instance's region"

# Until when calls of a rate rest, and how long they had to (s): not at all.
_AWAKE = (0.0, 0.0)


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where Connect is; the addresses are "" for the region's own."""

    topic: str
    api: str = ""
    participant_api: str = ""
    profiles_api: str = ""

    @property
    def region(self) -> str:
        """The topic's, which is the instance's, as Connect streams to no other. Raises Misconfigured."""
        parts = self.topic.split(":")
        if len(parts) != 6 or parts[0] != "arn" or not parts[3]:
            raise Misconfigured("Connect's topic is no ARN", TOPIC)
        return parts[3]

    def of(self, api: Api) -> str:
        """The service's address. Raises Misconfigured."""
        if api == "connect":
            return self.api or f"https://connect.{self.region}.amazonaws.com"
        if api == "profiles":
            return self.profiles_api or f"https://profile.{self.region}.amazonaws.com"
        return self.participant_api or f"https://participant.connect.{self.region}.amazonaws.com"


class Calls:
    """Never waits, never repeats: that is the queue's."""

    def __init__(self, http: Outgoing, places: Places, clock: Callable[[], float]) -> None:
        self._http = http
        self._places = places
        self._clock = clock
        self._rests: dict[str, tuple[float, float]] = {}

    def instance(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call on the instance, signed with the function's role. Raises as `problems.judged`, and Waiting."""
        region, url = self._places.region, self._places.of("connect") + path
        told = msgspec.json.encode(body)
        return self._called("connect", path, lambda: self._http.signed("connect", region, method, url, told))

    def profiles(self, path: str, body: dict[str, Any]) -> None:
        """Puts something into the register, signed with the function's role. Raises as `problems.judged`, and
        Waiting."""
        region, url, told = self._places.region, self._places.of("profiles") + path, msgspec.json.encode(body)

        def call() -> Answer:
            return self._http.signed("profile", region, "PUT", url, told, read_s=PROFILES_S)

        self._called("profiles", path, call)

    def participant(self, path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call as the participant, or in its connection, that the token is of. Raises as `problems.judged`, and
        Waiting."""
        url, told = self._places.of("participant") + path, msgspec.json.encode(body)
        headers = {"X-Amz-Bearer": token, "Content-Type": JSON}
        return self._called("participant", path, lambda: self._http.post(url, headers=headers, body=told))

    def put(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Uploads a file with exactly the headers that were told: they are signed. Raises Retryable."""
        return _repeatable(lambda: self._http.put(url, headers=headers, body=body))

    def _called(self, api: Api, path: str, call: Callable[[], Answer]) -> dict[str, Any]:
        rate = _SHARED.get(path, path)
        held = self._rests.get(rate, _AWAKE)
        left_s = held[0] - self._clock()
        if left_s > 0:
            raise Waiting(f"Connect's rate of {path}", left_s)
        try:
            found = judged(_repeatable(call), api, path)
        except RateLimited as error:
            rest_s = max(min(LONGEST_S, 2 * held[1]) or FIRST_S, error.after_s or 0.0)
            if self._rests.get(rate, _AWAKE) == held:  # else a call beside this one has been refused, too
                self._rests[rate] = self._clock() + rest_s, rest_s
            raise RateLimited(error.reason, rest_s) from error
        if held != _AWAKE and self._rests.get(rate) == held:
            self._rests.pop(rate, None)
        return found


def _repeatable(call: Callable[[], Answer]) -> Answer:
    """Every call bears a token of ours by which it is done once, or changes nothing: whatever became of it, it may come
    again."""
    try:
        return call()
    except Uncertain as unknown:
        raise Unreachable(unknown.reason) from None
