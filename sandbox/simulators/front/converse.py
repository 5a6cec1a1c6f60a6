"""Converse of Amazon Bedrock: requests as AWS' own model of the service has them, and a model that sorts by words,
or answers customers by a script.

docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import botocore.session
from botocore.validate import ParamValidator

from sandbox.stage.web import Answer, Call

Says = Literal["sorts", "nonsense", "obeys"]
Mode = Literal["tool", "schema", "text"]
MODES: tuple[Mode, ...] = ("tool", "schema", "text")
_PATH = re.compile(r"/model/(.+)/converse")
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/bedrock/aws4_request, ")
_INTENT = re.compile(r"^- (\w+): (.*)$", re.MULTILINE)
_BOT = "as its bot."
_NEGATIVE = re.compile(r"\b(?:bad|angry|broken|late|worst)\b", re.IGNORECASE)


@cache
def _shape() -> Any:
    """The request, as botocore has it from AWS."""
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


def refused(status: int, kind: str, message: str) -> Answer:
    """An error, as AWS tells one."""
    return Answer(status, {"message": message}, {"x-amzn-ErrorType": kind})


def converse(call: Call, says: Says, modes: tuple[Mode, ...], bot: Sequence[object] = ()) -> Answer:
    """The model's answer in the mode that the call asks for, which has to be one of `modes`. As a bot it gives the
    answers of `bot`, one after another, and then the last of them."""
    path = _PATH.fullmatch(call.path)
    if call.method != "POST" or path is None:
        return refused(404, "UnknownOperationException", "no such operation")
    if not _SCOPE.match(call.header("authorization")):
        return refused(403, "AccessDeniedException", "the call is not signed for bedrock")
    try:
        asked = call.json()
        report = ParamValidator().validate({"modelId": path[1], **asked}, _shape())
    except (ValueError, TypeError):
        return refused(400, "SerializationException", "no JSON object")
    if report.has_errors():
        return refused(400, "ValidationException", report.generate_report())
    mode: Mode = "tool" if "toolConfig" in asked else "schema" if "outputConfig" in asked else "text"
    if mode not in modes:
        return refused(400, "ValidationException", f"This model doesn't support {mode}")
    return Answer(200, _answer(mode, _said(asked, says, bot), asked))


def _said(asked: dict[str, Any], says: Says, bot: Sequence[object]) -> object:
    if says == "nonsense":
        return "Certainly! I would be happy to help."
    text = str(asked["messages"][-1]["content"][-1]["text"])
    words = "\n".join(text.split("\n")[1:-1])  # between the marks
    if says == "obeys":  # a model that does what the customer wants: it answers what they dictate
        begin, end = words.find("{"), words.rfind("}")
        try:
            return json.loads(words[begin : end + 1])
        except ValueError:
            return words
    if _BOT in asked["system"][0]["text"]:
        spoken = words.count("\nbot: ") + words.startswith("bot: ")
        return bot[min(spoken, len(bot) - 1)] if bot else _reply(words)
    listed = _INTENT.findall(asked["system"][0]["text"])
    found = [name for name, _ in listed if name.replace("_", " ") in words.lower()]
    return {
        "intent": found[0] if found else "other",
        "sentiment": "negative" if _NEGATIVE.search(words) else "neutral",
        "language": "en" if words.isascii() else "und",
        "urgency": "high" if "urgent" in words.lower() else "normal",
        "spam": 90 if "http" in words and "free" in words.lower() else 1,
    }


def _reply(words: str) -> dict[str, Any]:
    """What a bot says that knows when the shop is open, and nothing else."""
    newest = words.rpartition("\n")[2].partition(": ")[2]
    knows = "open" in newest.lower()
    return {
        "text": "We are open from 9 to 17." if knows else "I do not know that.",
        "quick_replies": [],
        "cards": [],
        "confidence": 90 if knows else 10,
        "sentiment": "negative" if _NEGATIVE.search(newest) else "neutral",
        "intent": "opening hours" if knows else "something else",
        "summary": f"The customer wrote: {newest[:100]}",
        "hand_over": False,
    }


def _answer(mode: Mode, said: object, asked: dict[str, Any]) -> dict[str, Any]:
    content: list[dict[str, Any]]
    if mode == "tool" and isinstance(said, dict):
        name = asked["toolConfig"]["toolChoice"]["tool"]["name"]
        content, stop = [{"toolUse": {"toolUseId": "tooluse_1", "name": name, "input": said}}], "tool_use"
    else:
        content, stop = [{"text": said if isinstance(said, str) else json.dumps(said)}], "end_turn"
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 400, "outputTokens": 60, "totalTokens": 460},
        "metrics": {"latencyMs": 1},
    }
