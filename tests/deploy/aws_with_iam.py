"""The embedded AWS with IAM enforced, started as a program: `python tests/deploy/aws_with_iam.py`.

AWS has no action `sqs:SendMessageBatch`: a batch needs the permission of the single call
(docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html). MiniStack 1.5.33 asks for one
under the operation's name, so a policy that is right at AWS would be refused here.

And it drops what labels a secret's version is put with beside AWSCURRENT, and with them the version once two others
have followed (docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import secretsmanager

BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}


def main() -> None:
    """Serves until it is ended; GATEWAY_PORT and the like as for MiniStack itself."""
    os.environ["AUTH"] = "true"
    told = iam_actions.extract_iam_action

    def action(*asked: Any, **named: Any) -> str | None:
        found: str | None = told(*asked, **named)
        return BATCHES.get(found, found) if found else None

    iam_actions.extract_iam_action = action
    origin = iam_evaluator.pin_request_origin
    # the bucket's policy wants TLS, which the emulator does not speak
    iam_evaluator.pin_request_origin = lambda source_ip, secure: origin(source_ip, True)
    put = secretsmanager._put_secret_value
    secretsmanager._put_secret_value = lambda asked: _labelled(asked, put(asked))
    if used := os.environ.get("IAM_USED"):
        _note(Path(used))

    from ministack.app import main as serve

    serve()


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
    """Every permission that is granted goes there, a line each: the principal's ARN and the action."""
    judged = iam_evaluator.evaluate
    seen: set[str] = set()

    def evaluate(asked: Any, *rest: Any, **named: Any) -> Any:
        found = judged(asked, *rest, **named)
        line = f"{asked.principal_arn} {asked.action}\n"
        if found.decision == "Allow" and line not in seen:
            seen.add(line)
            with used.open("a", encoding="utf-8") as notes:
                notes.write(line)
        return found

    iam_evaluator.evaluate = evaluate


if __name__ == "__main__":
    main()
