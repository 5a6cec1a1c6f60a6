"""What lies in the bucket, by how its keys begin: to find it, and to erase it with every version that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """The bucket as a list. Every method raises Retryable where S3 cannot be reached."""

    def __init__(self, name: str, client: S3Client | None = None) -> None:
        self._name = name
        self._client: S3Client = client or calls.client("s3", S3_CONFIG)

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins so, in the order of the keys, page by page."""
        for page in self._pages("list_objects_v2", prefix):
            yield from (held["Key"] for held in page.get("Contents", []))

    def erase(self, keys: Sequence[str]) -> None:
        """Deletes what lies under the keys, for good: where the bucket has versions, all of them."""
        if not self._has_versions():
            for start in range(0, len(keys), BATCH):
                self._delete([{"Key": key} for key in keys[start : start + BATCH]])
            return
        for key in keys:
            for page in self._pages("list_object_versions", key):
                held = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                doomed = [{"Key": key, "VersionId": one["VersionId"]} for one in held if one["Key"] == key]
                if doomed:
                    self._delete(doomed)

    def _has_versions(self) -> bool:
        """Whether it has ever had any: what was kept before they were switched off is kept still."""
        return "Status" in call(self._client.get_bucket_versioning, Bucket=self._name)

    def _pages(self, operation: Any, prefix: str) -> Iterator[dict[str, Any]]:
        pages: Iterator[Any] = iter(self._client.get_paginator(operation).paginate(Bucket=self._name, Prefix=prefix))
        while (page := call(lambda: next(pages, None))) is not None:
            yield page

    def _delete(self, doomed: Any) -> None:
        answer = call(self._client.delete_objects, Bucket=self._name, Delete={"Objects": doomed, "Quiet": True})
        for error in answer.get("Errors", []):
            raise Retryable(f"aws: not deleted, {error.get('Code', '')}")
