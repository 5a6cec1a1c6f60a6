"""What lies behind an error: the one cause that it shows, and the command that mends it."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Misconfigured, Retryable, Uncertain
from ops.errors import OpsError

ENVIRONMENT = 'eval "$(terraform -chdir=terraform output -raw operator_environment)"'
LOGIN = "aws sso login, or export the credentials anew"
# Of botocore's exceptions, by name: cause and fix. github.com/boto/botocore/blob/develop/botocore/exceptions.py
_LOCAL = {
    "NoCredentialsError": ("this terminal has no AWS credentials", "aws configure, or export AWS_PROFILE=…"),
    "PartialCredentialsError": ("half of the AWS credentials is missing", "aws configure"),
    "ProfileNotFound": ("there is no such AWS profile", "aws configure list-profiles names those there are"),
    "CredentialRetrievalError": ("the AWS login has ended", LOGIN),
    "SSOTokenLoadError": ("the AWS login has ended", LOGIN),
    "TokenRetrievalError": ("the AWS login has ended", LOGIN),
    "UnauthorizedSSOTokenError": ("the AWS login has ended", LOGIN),
    "NoRegionError": ("this terminal has no AWS region", "export AWS_REGION=…, the one that Terraform deployed to"),
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN_KEY = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"}
_SIGNATURE = {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_ABSENT = {
    "ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "404",
}  # fmt: skip


def aws(error: Exception, what: str) -> OpsError:
    """Of a failed call of AWS; `what` is what was asked for."""
    behind = error.__cause__ if isinstance(error, Retryable) and error.__cause__ else error
    if isinstance(behind, ClientError):
        return _refused(behind, what)
    if isinstance(behind, BotoCoreError):
        cause, fix = _LOCAL.get(type(behind).__name__, ("", ""))
        return OpsError(f"{what}: {cause}", fix) if cause else _unreachable(behind, what)
    return OpsError(f"{what}: {error}", "run it again")


def _unreachable(error: BotoCoreError, what: str) -> OpsError:
    host = re.search(r"https?://([^/\"]+)", str(error))
    asked = f": curl -sI {host[0]} must answer" if host else ""
    return OpsError(
        f"{what}: no connection to AWS ({type(error).__name__})",
        f"see to the network between this machine and {host[1] if host else 'AWS'}{asked}",
    )


def _refused(error: ClientError, what: str) -> OpsError:
    found: Any = error.response.get("Error", {})
    code, message = str(found.get("Code", "refused")), str(found.get("Message", ""))
    skewed = code == "RequestTimeTooSkewed" or (code in _SIGNATURE and re.search(r"expired|not yet current", message))
    action = re.search(r"to perform: ([\w:*-]+)", message)
    for fits, cause, fix in (
        (code in _EXPIRED, "the AWS login has ended", LOGIN),
        (code in _UNKNOWN_KEY, "AWS does not know the access key", "aws configure, with a key that is active"),
        (skewed, "this machine's clock is wrong", "timedatectl set-ntp true, or its like"),
        (code in _SIGNATURE, "the secret access key is wrong", "aws configure"),
        (
            code in _DENIED,
            "these AWS credentials may not do that",
            f"allow {action[1] if action else 'it'} to their user or role",
        ),
        (code in _ABSENT, "AWS has none in this account and region", ENVIRONMENT),
    ):
        if fits:
            return OpsError(f"{what}: {code}, {cause}", fix)
    return OpsError(f"{what}: {code}", "run it again")


def vendor(error: Retryable | Uncertain, what: str) -> OpsError:
    """Of a call of a vendor's that was not answered; its reason names the host."""
    if isinstance(error, Misconfigured):
        return OpsError(f"{what}: {error.reason}", error.advice)
    host = re.search(r"(?:to|from) ([\w.-]+(?::\d+)?)", error.reason)
    if isinstance(error, Retryable):
        return OpsError(
            f"{what}: {error.reason}",
            f"see to the network between: curl -sI https://{host[1]} must answer" if host else "see to the network",
        )
    return OpsError(f"{what}: {error.reason}", "run it again; where it stays so, the vendor's status page tells")
