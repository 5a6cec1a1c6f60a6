"""Calls to services of AWS that go out by the bridge's own session: signed (Signature Version 4) by botocore, without
the service's model, which takes its time to load.
"""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

from chalicelib.aws.calls import session
from chalicelib.errors import Misconfigured

ADVICE = "the function has no credentials: give it its role, and AWS_ACCESS_KEY_ID outside of Lambda"


def signed(service: str, region: str, method: str, url: str, body: bytes) -> dict[str, str]:
    """The headers of a call with a JSON body, signed now. Raises Misconfigured where there are no credentials."""
    try:
        credentials = session().get_credentials()
        if credentials is None:
            raise Misconfigured("aws: no credentials to sign with", ADVICE)
        request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "application/json"})
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
    except BotoCoreError as error:
        raise Misconfigured(f"aws: {type(error).__name__} while signing", ADVICE) from error
    return dict(request.headers.items())
