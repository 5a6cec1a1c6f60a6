"""Amazon Bedrock as a classifier, or as a bot: one call of Converse, signed with the function's own role.

docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. It goes out by our own session: botocore's
client has no deadline for a call as a whole (an answer that drips does not end), and costs a cold start 0.2 s
(docs/adr/0015-connect.md). No one way to force the shape of an answer works on all models: the account's `mode` says
which, and `dmdesk doctor` which works. Whatever it answers, `rules.answers` judges it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from chalicelib.aws.calls import session
from chalicelib.errors import Malformed, Misconfigured, RateLimited, Uncertain
from chalicelib.fields import Fields, strictly
from chalicelib.http import Answer, Outgoing
from chalicelib.protocols.asking import Question
from chalicelib.vocabulary.front import Bot, Triage

SERVICE = "bedrock"
TOOL = "sort"
# Without it Bedrock reserves the model's own maximum of the account's quota.
# docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html
MOST_TOKENS = 150
# An answer is a few words; a longer one is none.
LARGEST = 64 * 1024
# How a model ends that has answered; whatever else it says (a guardrail, the limit of tokens), it has not.
_ENDS = {"tool": {"tool_use", "end_turn"}, "schema": {"end_turn"}, "text": {"end_turn"}}
_ADVICE = {
    400: "run dmdesk doctor: it finds the mode that the account's model takes, for front.triage.mode",
    403: "the role may not call the account's model: apply Terraform, and enable the model in Bedrock's console "
    "(docs/front.md)",
    404: "front.triage.model is no model or inference profile of that region",
}
REGION = "set front.triage.region: nothing else names one here"


class Converse:
    """Implements `protocols.asking.Classifier`."""

    def __init__(self, http: Outgoing, api: str = "", most_tokens: int = MOST_TOKENS) -> None:
        """`api` is the service's address, "" for the region's own; an answer has `most_tokens` at most."""
        self._http = http
        self._api = api
        self._most_tokens = most_tokens

    def __call__(self, triage: Triage | Bot, question: Question, within_s: float) -> object:
        """An object, or the text that should be one; see `protocols.asking.Classifier`."""
        region = triage.region or session().get_config_variable("region")
        if not region:
            raise Misconfigured("Bedrock: no region", REGION)
        api = self._api or f"https://bedrock-runtime.{region}.amazonaws.com"
        url = f"{api}/model/{quote(triage.model, safe='')}/converse"
        told = msgspec.json.encode(body(triage.mode, question, self._most_tokens))
        answer = self._http.signed(SERVICE, region, "POST", url, told, within_s)
        _judge(answer)
        return said(triage.mode, answer.body)


def body(mode: str, question: Question, most_tokens: int = MOST_TOKENS) -> dict[str, Any]:
    """The request: static text first, the customer's last."""
    asked: dict[str, Any] = {
        "system": [{"text": question.instructions}],
        "messages": [{"role": "user", "content": [{"text": question.fenced}]}],
        "inferenceConfig": {"maxTokens": most_tokens},
    }
    if mode == "tool":
        tool = {"name": TOOL, "description": "Takes the answer.", "inputSchema": {"json": question.schema}}
        asked["toolConfig"] = {"tools": [{"toolSpec": tool}], "toolChoice": {"tool": {"name": TOOL}}}
    elif mode == "schema":  # a text that holds the schema, and no object
        shape = {"name": TOOL, "schema": msgspec.json.encode(question.schema).decode()}
        asked["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": shape}}}
    return asked


def said(mode: str, answer: bytes) -> object:
    """What the model said: blocks come in any order and number, and one of them is the answer. Raises Malformed."""
    if len(answer) > LARGEST:
        raise Malformed(f"Bedrock: more than {LARGEST} bytes")
    told = Fields(strictly(answer, "Bedrock's answer"))
    if told.text("stopReason") not in _ENDS[mode]:
        raise Malformed("Bedrock: the model did not end with an answer")
    blocks = told.at("output", "message").each("content")
    if mode == "tool":
        called = [block.at("toolUse") for block in blocks if block.has("toolUse")]
        found = [call.value("input") for call in called if call.text("name") == TOOL]
        whole = len(found) == len(called)
    else:
        found = [block.value("text") for block in blocks if block.has("text")]
        whole = all(isinstance(text, str) for text in found)
    if len(found) != 1 or not whole:
        raise Malformed(f"Bedrock: {len(found)} answers in one")
    return found[0]


def _judge(answer: Answer) -> None:
    """Raises where it is no answer of a model: RateLimited, Misconfigured, Uncertain."""
    kind = answer.headers.get("x-amzn-errortype", "").partition(":")[0][:60]
    detail = f"Bedrock: {answer.status} {kind}".rstrip()
    if answer.status == 429:
        raise RateLimited(detail)
    if answer.status in _ADVICE:
        raise Misconfigured(detail, _ADVICE[answer.status])
    if answer.status != 200:
        raise Uncertain(detail)
