"""Attachments: presigned addresses, what the instance takes, what its scanner finds, and links that end."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.simulators.connect.instance import INSTANCE
from sandbox.simulators.connect.participating import EICAR
from sandbox.stage.files import png
from tests.sandbox.simulators.connect.conftest import Caller, refusal


def begun(caller: Caller, token: str, size: int = 3, name: str = "a.png", **changes: Any) -> dict[str, Any]:
    asked = {
        "ContentType": "image/png",
        "AttachmentSizeInBytes": size,
        "AttachmentName": name,
        "ConnectionToken": token,
    }
    answer: dict[str, Any] = caller.participant.start_attachment_upload(**asked | changes)
    return answer


def test_a_customers_file_is_told_when_its_upload_is_completed(caller: Caller) -> None:
    _, token = caller.chat()
    identifier = caller.upload(token, png())
    caller.complete(token, identifier)
    [(item, beside)] = caller.told(1)
    file = {"AttachmentId": identifier, "AttachmentName": "mug.png", "ContentType": "image/png", "Status": "APPROVED"}
    assert (item["Type"], item["Attachments"]) == ("ATTACHMENT", [file])
    assert "Content" not in item
    assert "ContentType" not in item
    assert "ContentType" not in beside
    [chat] = caller.simulator.contacts()
    assert [(one["type"], one["role"], one["attachment"]) for one in chat["messages"]] == [
        ("ATTACHMENT", "CUSTOMER", file)
    ]


def test_every_signed_header_is_sent_as_it_was_given_and_none_beside(caller: Caller) -> None:
    _, token = caller.chat()
    place = begun(caller, token)["UploadMetadata"]
    right: dict[str, str] = place["HeadersToInclude"]
    assert len(right) == 8

    def put(headers: dict[str, str], body: bytes = b"abc", url: str = place["Url"]) -> tuple[int, bool]:
        answer = requests.put(url, data=body, headers=headers, timeout=60)
        return answer.status_code, b"SignatureDoesNotMatch" in answer.content

    for name in right:
        if name != "Content-Length":  # which the client always sends
            assert put({key: value for key, value in right.items() if key != name}) == (403, True)
            assert put(right | {name: "another"}) == (403, True)
    assert put(right | {"x-amz-meta-more": "1"}) == (403, True)
    assert put({key: value for key, value in right.items() if key != "Content-Length"}, b"abcd") == (403, True)
    assert put(right, url=place["Url"][:-4]) == (403, True)
    assert put(right | {"Accept": "*/*"}) == (200, False)


def test_an_address_to_upload_to_ends(caller: Caller) -> None:
    _, token = caller.chat()
    place = begun(caller, token)["UploadMetadata"]
    caller.clock.offset_s = 901.0
    answer = requests.put(place["Url"], data=b"abc", headers=place["HeadersToInclude"], timeout=60)
    assert (answer.status_code, b"Request has expired" in answer.content) == (403, True)


@pytest.mark.parametrize(
    ("name", "size", "taken"),
    [
        ("a.png", 3, True),
        ("A.PNG", 3, True),
        ("a.webp", 3, False),
        ("a.ogg", 3, False),
        ("png", 3, False),
        ("a.png", 9, False),
    ],
)
def test_kind_and_size_are_judged_at_completion(caller: Caller, name: str, size: int, taken: bool) -> None:
    caller.simulator.instance.largest = 8
    _, token = caller.chat()
    identifier = caller.upload(token, b"x" * size, name)
    if taken:
        caller.complete(token, identifier)
    else:
        assert refusal(lambda: caller.complete(token, identifier)) == (400, "ValidationException")


def test_what_was_not_uploaded_cannot_be_completed_nor_what_is_nobodys(caller: Caller) -> None:
    _, token = caller.chat()
    identifier = begun(caller, token)["AttachmentId"]
    assert refusal(lambda: caller.complete(token, identifier)) == (400, "ValidationException")
    assert refusal(lambda: caller.complete(token, "unknown")) == (400, "ValidationException")
    two = {"AttachmentIds": [identifier, identifier], "ConnectionToken": token}
    assert refusal(lambda: caller.participant.complete_attachment_upload(**two)) == (400, "ValidationException")


def test_a_second_completion_conflicts_unless_it_is_the_same_call(caller: Caller) -> None:
    _, token = caller.chat()
    identifier = caller.upload(token, png())
    caller.complete(token, identifier, ClientToken="same")
    caller.complete(token, identifier, ClientToken="same")
    assert refusal(lambda: caller.complete(token, identifier, ClientToken="other")) == (409, "ConflictException")
    [chat] = caller.simulator.contacts()
    assert len(chat["messages"]) == 1


def test_a_repeated_start_is_the_same_upload(caller: Caller) -> None:
    _, token = caller.chat()
    first = begun(caller, token, ClientToken="same")
    assert begun(caller, token, ClientToken="same")["AttachmentId"] == first["AttachmentId"]
    assert begun(caller, token, ClientToken="other")["AttachmentId"] != first["AttachmentId"]


def test_the_36th_file_is_too_many(caller: Caller) -> None:
    _, token = caller.chat()
    for _ in range(35):
        begun(caller, token)
    assert refusal(lambda: begun(caller, token)) == (402, "ServiceQuotaExceededException")


@pytest.mark.parametrize(
    ("scanner", "body", "status"),
    [
        ("approves", b"harmless", "APPROVED"),
        ("approves", EICAR, "REJECTED"),
        ("off", EICAR, "APPROVED"),
        ("rejects", b"harmless", "REJECTED"),
        ("waits", b"harmless", "IN_PROGRESS"),
    ],
)
def test_the_scanner_tells_by_the_stream_what_it_found(caller: Caller, scanner: Any, body: bytes, status: str) -> None:
    caller.switches.scanner = scanner
    _, token = caller.chat()
    identifier = caller.upload(token, body)
    caller.complete(token, identifier)
    assert [item["Attachments"][0]["Status"] for item, _ in caller.told(1)] == [status]
    asked = {"AttachmentId": identifier, "ConnectionToken": token}
    if status == "APPROVED":
        assert caller.participant.get_attachment(**asked)["AttachmentSizeInBytes"] == len(body)
    else:
        assert refusal(lambda: caller.participant.get_attachment(**asked)) == (403, "AccessDeniedException")


def test_a_scanner_that_waited_tells_later(caller: Caller) -> None:
    caller.switches.scanner = "waits"
    _, token = caller.chat()
    identifier = caller.upload(token, png())
    caller.complete(token, identifier)
    caller.agents.scan(identifier, "REJECTED")
    statuses = [item["Attachments"][0]["Status"] for item, _ in caller.told(2)]
    assert statuses == ["IN_PROGRESS", "REJECTED"]


def test_an_agents_file_is_read_by_a_link_that_ends_and_only_while_the_chat_goes_on(caller: Caller) -> None:
    contact, token = caller.chat()
    caller.agents.file(contact, "image")
    item = caller.told(2)[1][0]
    identifier = item["Attachments"][0]["AttachmentId"]
    found = caller.participant.get_attachment(AttachmentId=identifier, ConnectionToken=token, UrlExpiryInSeconds=60)
    assert requests.get(found["Url"], timeout=60).content == png()
    assert requests.get(found["Url"][:-3], timeout=60).status_code == 403
    caller.clock.offset_s = 61.0
    assert requests.get(found["Url"], timeout=60).status_code == 403
    caller.agents.end(contact)
    asked = {"AttachmentId": identifier, "ConnectionToken": token}
    assert refusal(lambda: caller.participant.get_attachment(**asked)) == (403, "AccessDeniedException")


def test_what_the_instance_takes_can_be_read_and_changed(caller: Caller) -> None:
    def told() -> tuple[int, set[str]]:
        found = caller.connect.describe_attached_files_configuration(InstanceId=INSTANCE, AttachmentScope="CHAT")
        configuration = found["AttachedFilesConfiguration"]
        allowed = configuration["ExtensionConfiguration"]["AllowedExtensions"]
        return configuration["MaximumSizeLimitInBytes"], {one["Extension"] for one in allowed}

    size, extensions = told()
    assert (size, "png" in extensions, "webp" in extensions) == (20 * 1024 * 1024, True, False)
    more = {"AllowedExtensions": [{"Extension": "webp"}]}
    change = caller.connect.update_attached_files_configuration
    change(InstanceId=INSTANCE, AttachmentScope="CHAT", ExtensionConfiguration=more)
    assert told() == (size, {"webp"})
    change(InstanceId=INSTANCE, AttachmentScope="CHAT", MaximumSizeLimitInBytes=1)
    assert told() == (1, {"webp"})
