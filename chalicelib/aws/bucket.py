"""The private S3 bucket: events too big for a queue, what is parked until an operator looks, and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.aws import calls
from chalicelib.aws.calls import CONFIG, call, code_of
from chalicelib.errors import Retryable
from chalicelib.vocabulary.records import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# Signed links need version 4 and the region's own host: S3 redirects from the global one at first, and a
# redirect breaks the signature. docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
S3_CONFIG = CONFIG.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
)


# How GuardDuty's Malware Protection tells what it has found: terraform/modules/aws/scanning.tf lets nobody else say it.
# docs.aws.amazon.com/guardduty/latest/ug/monitor-enable-s3-object-tagging-malware-protection.html
VERDICT = "GuardDutyMalwareScanStatus"


class Bucket:
    """Keys are chosen by the pipeline; encryption and age limits are the bucket's own settings."""

    def __init__(self, name: str, client: S3Client | None = None) -> None:
        self._name = name
        self._given = client

    @property
    def _client(self) -> S3Client:
        # made at first use: the edge seldom needs it
        if self._given is None:
            self._given = calls.client("s3", S3_CONFIG)
        return self._given

    def keep(self, key: str, body: bytes) -> None:
        """Stores the bytes under the key; the same key again replaces them. Raises Retryable."""
        call(self._client.put_object, Bucket=self._name, Key=key, Body=body)

    def fetch(self, key: str) -> bytes:
        """The bytes under the key. Raises Retryable, or LookupError where there is no such key."""
        return call(self._read, key)

    def _read(self, key: str) -> bytes:
        """The connection may still break while the body comes, so all of it is one call."""
        try:
            return self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        except ClientError as error:
            # "access denied" is what S3 says of a missing key to a role that may not list
            # docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and API_HeadObject.html
            if code_of(error) in {"NoSuchKey", "AccessDenied"}:
                raise LookupError(key) from error
            raise

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so, in their order, read page by page. Raises Retryable."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix))
        while (page := call(lambda: next(pages, None))) is not None:
            yield from (found["Key"] for found in page.get("Contents", []))

    def keep_media(self, key: str, body: bytes, mime: str, name: str) -> None:
        """Stores a file with its type and name; the same key again replaces it. Raises Retryable."""
        metadata = {"name": quote(name)}  # S3 takes ASCII only
        call(self._client.put_object, Bucket=self._name, Key=key, Body=body, ContentType=mime, Metadata=metadata)

    def stored(self, key: str) -> Stored | None:
        """What lies under the key, None where nothing does. Raises Retryable."""
        try:
            head = call(self._client.head_object, Bucket=self._name, Key=key)
        except ClientError as error:  # an answer to HEAD has no body, so its status is all that it tells
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in {403, 404}:  # as above
                return None
            raise Retryable(f"aws: {status}") from error
        name = unquote(head["Metadata"].get("name", ""))
        return Stored(mime=head["ContentType"], name=name, size=head["ContentLength"])

    def verdict(self, key: str) -> str | None:
        """What the malware scanner says of what lies under the key: "" while it has said nothing, None where nothing
        lies there. Raises Retryable."""
        tags = call(self._tags, key)
        return None if tags is None else tags.get(VERDICT, "")

    def _tags(self, key: str) -> dict[str, str] | None:
        try:
            told = self._client.get_object_tagging(Bucket=self._name, Key=key)["TagSet"]
        except ClientError as error:
            if code_of(error) in {"NoSuchKey", "AccessDenied"}:  # as above
                return None
            raise
        return {tag["Key"]: tag["Value"] for tag in told}

    def link(self, key: str, file: Stored, seconds: int) -> str:
        """A URL under which anybody can read the file for so long, under its type and name; no call is made.

        It ends sooner where our own credentials do.
        """
        asked = {
            "Bucket": self._name,
            "Key": key,
            "ResponseContentType": file.mime,
            "ResponseContentDisposition": _disposition(file),
        }
        return call(self._client.generate_presigned_url, "get_object", Params=asked, ExpiresIn=seconds)

    def remove(self, keys: Sequence[str]) -> None:
        """Deletes what lies under the keys (up to 1000); nothing lying there is fine. Raises Retryable."""
        doomed: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys]
        answer = call(self._client.delete_objects, Bucket=self._name, Delete={"Objects": doomed, "Quiet": True})
        for error in answer.get("Errors", []):
            raise Retryable(f"aws: not deleted, {error.get('Code', '')}")


def _disposition(file: Stored) -> str:
    """The header for a file under its name (RFC 6266): pictures, films and sound are shown, all else is downloaded, as
    what a browser opens by itself may run in it."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in " .-_") else "_" for sign in file.name)
    shown = "inline" if file.mime.partition("/")[0] in {"image", "video", "audio"} else "attachment"
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
