"""A topic of SNS: what the bridge tells people by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws import calls
from chalicelib.aws.calls import call, code_of
from chalicelib.errors import Misconfigured

# docs.aws.amazon.com/sns/latest/api/API_Publish.html: a subject has up to 100 characters of ASCII
LONGEST_SUBJECT = 100
_REFUSED = {
    "AuthorizationError": "let the function's role publish to the topic: terraform/modules/aws/roles.tf has what it "
    "needs",
    "NotFound": "DMDESK_SUPERVISORS_TOPIC names a topic that is not in this region: apply Terraform again, which sets "
    "it",
}


class Topic:
    """Its subscribers get what is published, by mail or however they like."""

    def __init__(self, arn: str, client: Any = None) -> None:
        self._arn = arn
        self._client = client or calls.client("sns")

    def publish(self, subject: str, text: str, labels: Mapping[str, str]) -> None:
        """Tells them; subscriptions may filter by the labels. May come twice where an answer was lost. Raises
        Retryable, Misconfigured among them."""
        plain = subject.encode("ascii", "replace").decode()[:LONGEST_SUBJECT]
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in labels.items()}
        try:
            call(self._client.publish, TopicArn=self._arn, Subject=plain, Message=text, MessageAttributes=attributes)
        except ClientError as error:
            advice = _REFUSED.get(code_of(error))
            if advice is None:
                raise
            raise Misconfigured(f"aws: {code_of(error)} at Publish", advice) from error
