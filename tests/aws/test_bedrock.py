"""Converse: bodies that AWS' own model of the service takes, and answers of which only one kind is one."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.bedrock import Converse, body, said
from chalicelib.errors import Malformed, Misconfigured, RateLimited, Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.pipeline.front.triage import asked
from chalicelib.vocabulary.front import Triage
from tests.test_http import no_proxy, raw_server, read_request
from tests.test_http_limits import Steady, head

__all__ = ["no_proxy"]
TRIAGE = Triage(intents={"order": "where is it"}, model="eu.amazon.nova-micro-v1:0", region="eu-central-1")
QUESTION = asked(TRIAGE, "My secret words", "en", "mark")
RIGHT = {"intent": "order", "spam": 1}
MODES = ("tool", "schema", "text")


@pytest.fixture(scope="module")
def shape() -> Any:
    """The request of Converse, as botocore has it from AWS."""
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


@pytest.mark.parametrize("mode", MODES)
def test_the_body_is_one_of_the_services_own(mode: str, shape: Any) -> None:
    told = body(mode, QUESTION)
    report = ParamValidator().validate({"modelId": TRIAGE.model} | told, shape)
    assert not report.has_errors(), report.generate_report()
    assert told["inferenceConfig"] == {"maxTokens": 150}
    assert told["messages"][-1]["role"] == "user"
    assert "My secret words" not in json.dumps(told["system"])


def test_each_mode_forces_the_shape_its_own_way() -> None:
    tool, schema, text = (body(mode, QUESTION) for mode in MODES)
    assert tool["toolConfig"]["toolChoice"] == {"tool": {"name": tool["toolConfig"]["tools"][0]["toolSpec"]["name"]}}
    told = schema["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]
    assert json.loads(told) == tool["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert text.keys().isdisjoint({"toolConfig", "outputConfig"})


def answer(*content: dict[str, Any], stop: str = "tool_use") -> bytes:
    message = {"role": "assistant", "content": list(content)}
    return json.dumps({"output": {"message": message}, "stopReason": stop, "usage": {}, "metrics": {}}).encode()


CALL = {"toolUse": {"toolUseId": "1", "name": "sort", "input": RIGHT}}
TEXT = {"text": json.dumps(RIGHT)}
REASONING = {"reasoningContent": {"reasoningText": {"text": "hm"}}}


@pytest.mark.parametrize("content", [[CALL], [TEXT, CALL], [REASONING, CALL, TEXT]])
def test_a_tools_call_is_found_wherever_it_stands(content: list[dict[str, Any]]) -> None:
    assert said("tool", answer(*content)) == RIGHT


@pytest.mark.parametrize("mode", ["schema", "text"])
def test_a_text_is_found_behind_what_was_thought(mode: str) -> None:
    assert said(mode, answer(REASONING, TEXT, stop="end_turn")) == json.dumps(RIGHT)


@pytest.mark.parametrize(
    "told",
    [
        answer(), answer(TEXT), answer(CALL, CALL), answer({"toolUse": {"name": "other", "input": RIGHT}}),
        answer(CALL, {"toolUse": {"name": "other", "input": {}}}), answer(CALL, stop="max_tokens"),
        answer(CALL, stop="guardrail_intervened"), answer(CALL, stop="content_filtered"), answer(CALL, stop=""),
        answer(CALL, stop="malformed_tool_use"), answer(CALL, stop="something_new"), b"", b"{}", b"[]", b"null",
        b"<html>",
        answer(CALL).replace(b'"spam": 1', b'"spam": 1, "spam": 2'), answer(CALL).replace(b'"spam": 1', b'"spam": NaN'),
        answer({"text": "x" * 70_000}, CALL), b'{"output": "x", "stopReason": "tool_use"}',
        b'{"output": {"message": {"content": "x"}}, "stopReason": "tool_use"}',
    ],
    ids=range(21),
)  # fmt: skip
def test_anything_else_is_no_answer(told: bytes) -> None:
    with pytest.raises(Malformed):
        said("tool", told)


@given(told=st.binary(max_size=60) | st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["output", "message", "content", "toolUse", "stopReason", "input", "name"]), x)).map(
        lambda value: json.dumps(value).encode()))  # fmt: skip
@pytest.mark.parametrize("mode", MODES)
def test_whatever_comes_is_an_answer_or_none(mode: str, told: bytes) -> None:
    with suppress(Malformed):
        said(mode, told)


class Answers(Outgoing):
    """Answers what it is told to; keeps what was asked."""

    def __init__(self, status: int, told: bytes, kind: str = "") -> None:
        super().__init__()
        self.answer = Answer(status=status, headers={"x-amzn-errortype": kind}, body=told)
        self.asked: list[tuple[Any, ...]] = []

    def signed(self, *asked: Any, **named: Any) -> Answer:
        self.asked.append(asked)
        return self.answer


def test_the_call_is_signed_for_the_models_region_and_its_name_is_one_segment() -> None:
    http = Answers(200, answer(CALL))
    profile = "arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.amazon.nova-micro-v1:0"
    triage = Triage(intents=TRIAGE.intents, model=profile, region="eu-central-1")
    assert Converse(http)(triage, QUESTION, 0.8) == RIGHT
    [(service, region, method, url, told, within_s)] = http.asked
    assert (service, region, method, within_s) == ("bedrock", "eu-central-1", "POST", 0.8)
    assert url == (
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A111122223333"
        "%3Ainference-profile%2Feu.amazon.nova-micro-v1%3A0/converse"
    )
    assert json.loads(told)["toolConfig"]


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        (400, "ValidationException", Misconfigured), (403, "AccessDeniedException:http://x", Misconfigured),
        (404, "ResourceNotFoundException", Misconfigured), (408, "ModelTimeoutException", Uncertain),
        (424, "ModelErrorException", Uncertain), (429, "ThrottlingException", RateLimited),
        (429, "ModelNotReadyException", RateLimited), (500, "InternalServerException", Uncertain),
        (503, "ServiceUnavailableException", Uncertain), (302, "", Uncertain), (204, "", Uncertain),
    ],
)  # fmt: skip
def test_an_error_is_told_by_what_has_to_happen_next(status: int, kind: str, raised: type[Exception]) -> None:
    http = Answers(status, b'{"message": "the prompt was: My secret words"}', kind)
    with pytest.raises(raised) as told:
        Converse(http)(TRIAGE, QUESTION, 0.8)
    assert "My secret words" not in str(told.value)
    assert len(http.asked) == 1


@pytest.mark.parametrize(
    ("begins", "drip"),
    [(head(), b" "), (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"), (b"HTTP/1.1 200 OK\r\nX-More: ", b"y")],
    ids=["body", "headers", "a header"],
)
def test_an_answer_that_drips_ends_with_the_deadline(begins: bytes, drip: bytes) -> None:
    """Each byte comes in time, the whole does not."""
    steady, within_s = Steady(), 0.8

    def deal(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(begins)
        for _ in range(90):
            steady.now += within_s / 40
            connection.sendall(drip)

    with raw_server(deal) as url:
        http = Outgoing(steady=steady, sign=lambda *_: {})
        with pytest.raises(Uncertain, match="TimeoutError"):
            Converse(http, url)(TRIAGE, QUESTION, within_s)
        http.close()
