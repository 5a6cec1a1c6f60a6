"""The door: who opens a link to one of our copies is led to where the bucket has it, for a minute."""

from __future__ import annotations

from chalicelib.credentials import Secret, signed_by
from chalicelib.edge.checking import checked
from chalicelib.errors import Misconfigured, Rejected, Retryable
from chalicelib.http import Request, Response
from chalicelib.observability import log, where
from chalicelib.pipeline.ports import Clock, DoorShelf, SecretCache
from chalicelib.rules.links import Token, ended, tag, unpacked
from chalicelib.rules.scanning import Policy, fate

OPEN_S = 60
# What a key that was rotated may refute.
_UNSURE = frozenset({"media_key"})
_QUIET = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_LATER = Response(status=503, body="please repeat", headers={**_QUIET, "Retry-After": "5"})


class Door:
    """Checks links and opens them. The secret is `{"keys": […]}`, as MediaStore signs with; `days` is how long a link
    lives, `scan` what a malware scanner's verdicts mean, None where nobody scans."""

    def __init__(
        self,
        *,
        shelf: DoorShelf,
        secrets: SecretCache,
        secret_name: str,
        days: int,
        clock: Clock,
        scan: Policy | None = None,
    ) -> None:
        self._shelf = shelf
        self._secrets = secrets
        self._secret_name = secret_name
        self._days = days
        self._clock = clock
        self._scan = scan

    def open(self, token: str, request: str = "") -> str:
        """Where the file of a link can be read for a minute. The log is told of it, with the request's id, by which API
        Gateway's access log has who asked.

        Raises Rejected: with 404 for a link that is not ours, has ended, or whose file is gone or withheld, with 503
        where a key that is newer than this container's copy may have signed it, or the file is being scanned;
        Retryable.
        """
        now = self._clock()
        link = checked(self._secrets, self._secret_name, now, _UNSURE, lambda secret: _ours(token, secret))
        if ended(link.since_ms, self._days, now):
            raise Rejected(404, "media_link")
        verdict = self._shelf.verdict(link.key) if self._scan else None
        if self._scan and verdict is not None:
            _clear(verdict, self._scan)
        file = self._shelf.stored(link.key)
        if file is None:
            raise Rejected(404, "media_link")
        if self._scan and verdict is None:  # it came meanwhile, or this role may not read verdicts
            raise Rejected(503, "being_scanned")
        location = self._shelf.link(link.key, file, OPEN_S)
        log.info("file opened", key=link.key, request=request)
        return location

    def answer(self, request: Request, token: str) -> Response:
        """Answers who opens a link: GET and HEAD, a redirect or a plain 404."""
        if request.method not in {"GET", "HEAD"}:
            return Response(status=405, body="use GET", headers={"Allow": "GET, HEAD"})
        try:
            location = self.open(token, request.id)
        except Rejected as no:
            if no.status < 500:
                return Response(status=no.status, body="not found", headers=_QUIET)
            log.warning("a media link could not be checked", reason=no.reason, advice=no.advice)
            return _LATER
        except Exception as error:  # what went wrong behind the door is told to the operator only
            reason = error.reason if isinstance(error, Retryable) else where(error)
            advice = error.advice if isinstance(error, Misconfigured) else ""
            log.error("a media link could not be opened", error=reason, advice=advice)
            return _LATER
        # shorter than what it leads to lives
        headers = {**_QUIET, "Location": location, "Cache-Control": f"private, max-age={OPEN_S // 2}"}
        return Response(status=302, headers=headers)


def _clear(verdict: str, policy: Policy) -> None:
    """A file that is copied anew is scanned anew. Raises Rejected."""
    became = fate(verdict, policy.wait_s if policy.without_verdict == "allow" else 0.0, policy)
    if became == "waits":
        raise Rejected(503, "being_scanned")
    if became != "clean":
        raise Rejected(404, f"media_{became}")


def _ours(token: str, secret: Secret) -> Token:
    """What the token says. Raises Rejected where it is none, or no key signed it."""
    link = unpacked(token)
    if link is None:
        raise Rejected(404, "media_link")
    if not signed_by(secret.keys("keys"), link.tag, lambda key: tag(key, link.payload)):
        raise Rejected(404, "media_key")
    return link
