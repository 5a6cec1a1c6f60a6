"""The embedded AWS with IAM enforced, started as a program: `python tests/deploy/aws_with_iam.py`.

AWS has no action `sqs:SendMessageBatch`: a batch needs the permission of the single call
(docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html). MiniStack 1.5.33 asks for one
under the operation's name, so a policy that is right at AWS would be refused here.
"""

from __future__ import annotations

import os
from typing import Any

from ministack.core import iam_actions

BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}


def main() -> None:
    """Serves until it is ended; GATEWAY_PORT and the like as for MiniStack itself."""
    os.environ["AUTH"] = "true"
    told = iam_actions.extract_iam_action

    def action(*asked: Any, **named: Any) -> str | None:
        found: str | None = told(*asked, **named)
        return BATCHES.get(found, found) if found else None

    iam_actions.extract_iam_action = action

    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
