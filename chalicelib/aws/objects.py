"""What lies in the bucket, erased with every version that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.aws import calls
from chalicelib.aws.bucket import S3_CONFIG
from chalicelib.aws.calls import call
from chalicelib.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# As many as a call deletes. docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
BATCH = 1000


class Objects:
    """The bucket's. Raises Retryable where S3 cannot be reached."""

    def __init__(self, name: str, client: S3Client | None = None) -> None:
        self._name = name
        self._given = client

    @cached_property
    def _client(self) -> S3Client:
        return self._given or calls.client("s3", S3_CONFIG)  # made at first use: seldom is there anything to do

    def erase(self, keys: Sequence[str]) -> None:
        """Deletes what lies under the keys, for good: where the bucket has versions, all of them."""
        if not self._has_versions():
            for start in range(0, len(keys), BATCH):
                self._delete([{"Key": key} for key in keys[start : start + BATCH]])
            return
        for key in keys:
            doomed = list(self._versions(key))
            for start in range(0, len(doomed), BATCH):
                self._delete(doomed[start : start + BATCH])

    def _has_versions(self) -> bool:
        """Whether it has ever had any: what was kept before they were switched off is kept still."""
        return "Status" in call(self._client.get_bucket_versioning, Bucket=self._name)

    def _versions(self, key: str) -> Iterator[dict[str, Any]]:
        pages: Iterator[Any] = iter(
            self._client.get_paginator("list_object_versions").paginate(Bucket=self._name, Prefix=key)
        )
        while (page := call(lambda: next(pages, None))) is not None:
            held = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            yield from ({"Key": key, "VersionId": one["VersionId"]} for one in held if one["Key"] == key)

    def _delete(self, doomed: Any) -> None:
        answer = call(self._client.delete_objects, Bucket=self._name, Delete={"Objects": doomed, "Quiet": True})
        for error in answer.get("Errors", []):
            raise Retryable(f"aws: not deleted, {error.get('Code', '')}")
