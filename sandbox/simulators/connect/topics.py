"""SNS as the simulated Amazon Connect reaches it: the embedded AWS'."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class SnsTopics:
    """`sns` is a client of boto3."""

    def __init__(self, sns: Any) -> None:
        self._sns = sns

    def policy(self, topic: str) -> str:
        """See streaming.Topics."""
        with suppress(BotoCoreError, ClientError):  # it is gone, or everything ends
            return str(self._sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("Policy", ""))
        return ""

    def publish(self, topic: str, message: str, attributes: Mapping[str, str]) -> None:
        """One notification; what cannot be published is lost, as a stream's records are."""
        told = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        with suppress(BotoCoreError, ClientError):
            self._sns.publish(TopicArn=topic, Message=message, MessageAttributes=told)
