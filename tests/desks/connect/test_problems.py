"""What Connect's answers mean stands on the page for operators, and follows codes and status alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.session import get_session

from chalicelib.desks.connect.problems import PROBLEMS, code_of
from chalicelib.http import Answer

PAGE = Path(__file__).parents[3] / "docs" / "connect.md"


@pytest.mark.parametrize(("api", "code"), PROBLEMS)
def test_each_code_has_its_line_on_the_page(api: str, code: str) -> None:
    assert f"| `{code}`" in PAGE.read_text(encoding="utf-8")
    assert f"| {PROBLEMS[api, code].status} |" in PAGE.read_text(encoding="utf-8")  # type: ignore[index]  # the keys are the table's


@pytest.mark.parametrize("service", ["connect", "connectparticipant"])
def test_each_code_is_one_that_the_models_know_under_its_status(service: str) -> None:
    model = get_session().get_service_model(service)
    known = {shape.name: shape.metadata["error"].get("httpStatusCode") for shape in model.error_shapes}
    api = "connect" if service == "connect" else "participant"
    ours = {code: problem.status for (whose, code), problem in PROBLEMS.items() if whose == api}
    assert {code: known[code] for code in ours} == ours


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"x-amzn-errortype": "AccessDeniedException:http://x/"}, b"", "AccessDeniedException"),
        ({"x-amzn-errortype": "AccessDeniedException"}, b"<html>", "AccessDeniedException"),
        ({}, b'{"__type": "com.amazonaws.connect#LimitExceededException"}', "LimitExceededException"),
        ({}, b'{"__type": 7}', "7"),
        ({}, b"[]", ""),
        ({"x-amzn-errortype": "words that\ngo on"}, b"", ""),
        ({"x-amzn-errortype": "x" * 61}, b"", ""),
    ],
)
def test_a_code_is_told_by_the_header_or_the_body(headers: dict[str, str], body: bytes, code: str) -> None:
    assert code_of(Answer(status=400, headers=headers, body=body)) == code
