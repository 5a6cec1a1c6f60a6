"""Where files lie: presigned addresses of S3 to upload to, for which every signed header must be sent as it was given,
and to download from, which work for minutes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from urllib.parse import quote, urlencode

from sandbox.simulators.connect.contacts import File
from sandbox.simulators.connect.instance import Instance
from sandbox.stage.clock import iso
from sandbox.stage.web import Answer, Call

UPLOADS, DOWNLOADS = "/connect-attachments/staging/", "/connect-attachments/"
UPLOAD_S = 900.0
_SIGNED = ("x-amz-", "content-")


class Shelf:
    """The instance's bucket, at `url`. Not thread-safe: who uses it holds the instance's lock."""

    def __init__(self, instance: Instance, url: str, clock: Callable[[], float]) -> None:
        self._instance, self._url, self._clock = instance, url, clock
        self._files: dict[str, File] = {}
        self._links: dict[str, tuple[File, float]] = {}

    def forget(self) -> None:
        self._files.clear()
        self._links.clear()

    def upload_of(self, file: File, contact: str, initial: str) -> dict[str, object]:
        """`UploadMetadata`: where the file goes, until when, and with which headers."""
        file.until = self._clock() + UPLOAD_S
        file.signed = {
            "x-amz-meta-contact_id": contact,
            "x-amz-meta-initial_contact_id": initial,
            "x-amz-meta-account_id": self._instance.account,
            "x-amz-meta-organization_id": self._instance.id,
            "x-amz-acl": "bucket-owner-full-control",
            "Content-Disposition": f'attachment; filename="{quote(file.name)}"',
            "Content-Type": file.mime,
            "Content-Length": str(file.size),
        }
        self._files[file.id] = file
        signed = ";".join(sorted(["host", *(name.lower() for name in file.signed)]))
        query = urlencode({
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Expires": f"{UPLOAD_S:.0f}", "X-Amz-SignedHeaders": signed,
            "X-Amz-Signature": file.signature,
        })  # fmt: skip
        url = f"{self._url}{UPLOADS}{file.id}?{query}"
        return {"Url": url, "UrlExpiry": iso(file.until), "HeadersToInclude": dict(file.signed)}

    def link_to(self, file: File, seconds: float) -> dict[str, object]:
        """Where the file can be read, until when, and how large it is."""
        token, until = secrets.token_urlsafe(24), self._clock() + seconds
        self._links[token] = file, until
        query = urlencode({"X-Amz-Expires": f"{seconds:.0f}", "X-Amz-Signature": token})
        url = f"{self._url}{DOWNLOADS}{file.id}?{query}"
        return {"Url": url, "UrlExpiry": iso(until), "AttachmentSizeInBytes": file.size}

    def answer(self, call: Call) -> Answer:
        """What S3 answers at these addresses."""
        if call.method == "PUT" and call.path.startswith(UPLOADS):
            return self._uploaded(call, call.path.removeprefix(UPLOADS))
        if call.method == "GET":
            return self._read(call, call.path.removeprefix(DOWNLOADS))
        return _refused(405, "MethodNotAllowed")

    def _uploaded(self, call: Call, name: str) -> Answer:
        file = self._files.get(name)
        if file is None or call.query.get("X-Amz-Signature") != file.signature:
            return _refused(403, "SignatureDoesNotMatch")
        if self._clock() >= file.until:
            return _refused(403, "AccessDenied", "Request has expired")
        sent = {key.lower(): value for key, value in call.headers.items() if key.lower().startswith(_SIGNED)}
        if sent != {key.lower(): value for key, value in file.signed.items()}:
            return _refused(403, "SignatureDoesNotMatch")
        file.body = call.body
        return Answer(200, b"", {"ETag": f'"{secrets.token_hex(16)}"'})

    def _read(self, call: Call, name: str) -> Answer:
        file, until = self._links.get(call.query.get("X-Amz-Signature", ""), (None, 0.0))
        if file is None or file.id != name or file.body is None:
            return _refused(403, "SignatureDoesNotMatch")
        if self._clock() >= until:
            return _refused(403, "AccessDenied", "Request has expired")
        return Answer(200, file.body, {"Content-Disposition": f'attachment; filename="{quote(file.name)}"'}, file.mime)


def _refused(status: int, code: str, message: str = "") -> Answer:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message or code}</Message></Error>'
    )
    return Answer(status, body.encode(), content_type="application/xml")
