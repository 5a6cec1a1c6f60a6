"""The embedded AWS with IAM enforced, started as a program: `python -m tests.deploy.aws_with_iam`.

AWS has no action `sqs:SendMessageBatch`: a batch needs the permission of the single call
(docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html). MiniStack 1.5.33 asks for one
under the operation's name, so a policy that is right at AWS would be refused here.

Nor does it know `dynamodb:LeadingKeys`, the partition keys that a call names. They are read from the call here
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html). Of some calls it does not see
what they are about, which AWS asks for: a function that is made, a web ACL and what it is put before, a key's alias.

And it drops what labels a secret's version is put with beside AWSCURRENT, and with them the version once two others
have followed (docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import secretsmanager

from tests.deploy.repeating import Repeating

LEADING_KEYS, PARTITION = "dynamodb:LeadingKeys", "pk"
BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}


def main() -> None:
    """Serves until it is ended; GATEWAY_PORT and the like as for MiniStack itself."""
    os.environ["AUTH"] = "true"
    told = iam_actions.extract_iam_action

    def action(*asked: Any, **named: Any) -> str | None:
        found: str | None = told(*asked, **named)
        return BATCHES.get(found, found) if found else None

    iam_actions.extract_iam_action = action
    seen = iam_actions.extract_resource_arn

    def about(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found: str = seen(service, method, path, headers, body, *rest)
        return _named(body, *rest[-2:]) if found == "*" and service in {"dynamodb", "kms", "lambda", "wafv2"} else found

    iam_actions.extract_resource_arn = about
    context = iam_actions.dynamodb_service_context
    iam_actions.dynamodb_service_context = lambda body: {**context(body), **_leading_keys(body)}
    origin = iam_evaluator.pin_request_origin
    # the bucket's policy wants TLS, which the emulator does not speak
    iam_evaluator.pin_request_origin = lambda source_ip, secure: origin(source_ip, True)
    put = secretsmanager._put_secret_value
    secretsmanager._put_secret_value = lambda asked: _labelled(asked, put(asked))
    if used := os.environ.get("IAM_USED"):
        _note(Path(used))

    from ministack import app as ministack

    ministack.app = Repeating(ministack.app)
    ministack.main()


def _named(body: bytes, region: str, account: str) -> str:
    """What a call names in its body that has no path of its own; * where that is nothing."""
    asked = json.loads(body) if body.startswith(b"{") else {}
    named = [asked[field] for field in ("WebACLArn", "ResourceArn", "ResourceARN") if field in asked]
    if "FunctionName" in asked and "EventSourceArn" not in asked:
        named.append(f"arn:aws:lambda:{region}:{account}:function:{asked['FunctionName']}")
    if "AliasName" in asked:
        named.append(f"arn:aws:kms:{region}:{account}:{asked['AliasName']}")
    return named[0] if named else "*"


def _leading_keys(body: bytes) -> dict[str, list[str]]:
    """The condition key and its values, of a call of DynamoDB; nothing where it names no key."""
    asked = json.loads(body or b"{}")
    values = asked.get("ExpressionAttributeValues", {}) if "KeyConditionExpression" in asked else {}
    named = {key["S"] for key in (*_keys(asked), values.get(":pk", {})) if "S" in key}
    return {LEADING_KEYS: sorted(named)} if named else {}


def _keys(asked: Any) -> list[dict[str, str]]:
    """The partition keys that stand anywhere in a call as an item's or a key's."""
    if isinstance(asked, list):
        return [key for one in asked for key in _keys(one)]
    if not isinstance(asked, dict):
        return []
    own = [asked[PARTITION]] if isinstance(asked.get(PARTITION), dict) and "sk" in asked else []
    return own + [key for one in asked.values() for key in _keys(one)]


def _labelled(asked: dict[str, Any], answer: Any) -> Any:
    """Gives the version that was put just now all its labels, of which no other version has one."""
    _, secret = secretsmanager._resolve(asked.get("SecretId"))
    versions = secret["Versions"] if secret else {}
    if (put := asked.get("ClientRequestToken")) in versions:
        own = {label for label in asked.get("VersionStages", []) if not label.startswith("AWS")}
        for name, version in versions.items():
            version["Stages"] = [label for label in version["Stages"] if label not in own]
            version["Stages"] += sorted(own) if name == put else []
    return answer


def _note(used: Path) -> None:
    """Every permission that is granted goes there, a line each: the principal's ARN, the action, on what, and the
    partition keys."""
    judged = iam_evaluator.evaluate
    seen: set[str] = set()

    def evaluate(asked: Any, *rest: Any, **named: Any) -> Any:
        found = judged(asked, *rest, **named)
        keys = asked.service_context.get(LEADING_KEYS.lower(), [])
        line = f"{json.dumps([asked.principal_arn, asked.action, asked.resource_arn, keys])}\n"
        if found.decision == "Allow" and line not in seen:
            seen.add(line)
            with used.open("a", encoding="utf-8") as notes:
                notes.write(line)
        return found

    iam_evaluator.evaluate = evaluate


if __name__ == "__main__":
    main()
