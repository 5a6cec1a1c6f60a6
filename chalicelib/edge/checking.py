"""Whether a request is what it says it is, by a secret that may just have been rotated."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from chalicelib.credentials import Secret
from chalicelib.errors import Rejected
from chalicelib.pipeline.ports import SecretCache

T = TypeVar("T")

ADVICE = "the sender repeats by itself; if this persists, Secrets Manager cannot be read, or somebody forges requests"


def checked(
    secrets: SecretCache, name: str, since_s: float, unsure: Collection[str], check: Callable[[Secret], T]
) -> T:
    """What the check answers for the cached secret, or for one that was loaded since the request came (`since_s`,
    epoch s). `unsure` are the reasons that a newer secret may refute.

    Raises Rejected: as the check does where no newer secret refutes it, with 503 where none could be had. A final
    answer may end a conversation at the desk, of which the container's copy of the secret may know nothing yet.
    Raises Retryable where there is no secret at all.
    """
    try:
        return check(Secret(name, secrets.get(name)))
    except Rejected as no:
        if no.reason not in unsure:
            raise
        if not secrets.refresh(name, since_s):
            raise Rejected(503, no.reason, ADVICE) from no
    return check(Secret(name, secrets.get(name)))
