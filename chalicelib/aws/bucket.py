"""The private S3 bucket: events too big for a queue, and what is parked until an operator looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from chalicelib.aws.calls import CONFIG, call

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Bucket:
    """Keys are chosen by the pipeline; encryption and age limits are the bucket's own settings."""

    def __init__(self, name: str, client: S3Client | None = None) -> None:
        self._name = name
        self._given = client

    @property
    def _client(self) -> S3Client:
        # made at first use: the edge seldom needs it
        if self._given is None:
            self._given = boto3.client("s3", config=CONFIG)
        return self._given

    def keep(self, key: str, body: bytes) -> None:
        """Stores the bytes under the key; the same key again replaces them. Raises Retryable."""
        call(self._client.put_object, Bucket=self._name, Key=key, Body=body)

    def fetch(self, key: str) -> bytes:
        """The bytes under the key. Raises Retryable, or ClientError where there is no such key."""
        return call(self._client.get_object, Bucket=self._name, Key=key)["Body"].read()
