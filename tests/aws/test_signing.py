"""Calls to AWS are signed with the process's own credentials, as AWS checks it."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest

from chalicelib.aws import calls
from chalicelib.aws.signing import signed
from chalicelib.errors import Misconfigured

URL = "https://connect.eu-central-1.amazonaws.com/contact/chat?a=1"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are read once a process."""
    calls.session.cache_clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


def test_the_signature_is_the_one_that_aws_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html, step by step."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    body = b'{"a": 1}'
    headers = {name.lower(): value for name, value in signed("connect", "eu-central-1", "PUT", URL, body).items()}
    assert headers["x-amz-security-token"] == "session"
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/(\d{8})/eu-central-1/connect/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        headers["authorization"],
    )
    assert found
    day, names, signature = found.groups()
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(names.split(";"))
    sent = headers | {"host": "connect.eu-central-1.amazonaws.com"}
    lines = "".join(f"{name}:{sent[name]}\n" for name in names.split(";"))
    request = f"PUT\n/contact/chat\na=1\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/eu-central-1/connect/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4wJalrXUtnFEMI"
    for part in (day, "eu-central-1", "connect", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert signature == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_without_credentials_the_operator_reads_what_to_do() -> None:
    with pytest.raises(Misconfigured, match="no credentials") as told:
        signed("connect", "eu-central-1", "PUT", URL, b"{}")
    assert "role" in told.value.advice
