"""Pictures and files: shown by a URL of ours, safe to fetch, gone when they should be."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.scenarios import kinds
from tests.scenarios.conftest import Bridge

DAY_S = 86_400


def shown(bridge: Bridge) -> dict[str, Any]:
    """The first file that Genesys was given."""
    attachment: dict[str, Any] = bridge.taken()[0]["body"]["content"][0]["attachment"]
    return attachment


def a_picture(bridge: Bridge, kind: str = "image", name: str = "image") -> str:
    """A customer sends a file; answers its message's id once Genesys has it."""
    identifier = kinds.mid()
    url = bridge.get("/")["media"]["instagram"][name]
    raw = kinds.message(bridge.now_ms(), identifier, attachments=[kinds.attachment(kind, url)])
    assert bridge.deliver("instagram", raw) == 200
    bridge.until(bridge.taken, "the message at Genesys")
    return identifier


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
def test_a_customers_file_is_shown_by_url_and_still_opens_after_two_days(bridge: Bridge, kind: str) -> None:
    a_picture(bridge, kind, kind)
    attachment = shown(bridge)
    assert attachment["mediaType"] == kind.capitalize()
    assert attachment["url"].startswith(bridge.about["webhook_url"].partition("/api/")[0] + "/api/media/")
    first = requests.get(attachment["url"], timeout=60)
    bridge.shift(2 * DAY_S)
    again = requests.get(attachment["url"], timeout=60)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert again.headers["Content-Type"] == attachment["mime"]


def test_what_the_customer_takes_back_opens_no_more(bridge: Bridge) -> None:
    identifier = a_picture(bridge)
    assert requests.get(shown(bridge)["url"], timeout=60).ok
    bridge.deliver("instagram", kinds.message(bridge.now_ms(), identifier, is_deleted=True))
    bridge.until(lambda: len(bridge.taken()) == 2, "the note at Genesys")
    assert bridge.taken()[1]["body"]["text"] == "[Took back: image]"
    assert requests.get(shown(bridge)["url"], timeout=60).status_code in {404, 410}


def test_a_link_ends_with_its_age(bridge: Bridge) -> None:
    a_picture(bridge)
    bridge.shift(91 * DAY_S)
    assert requests.get(shown(bridge)["url"], timeout=60).status_code in {404, 410}


@pytest.mark.parametrize("change", [lambda url: url[:-1], lambda url: url[:-4] + "AAAA", lambda url: url + "/x"])
def test_a_link_that_we_did_not_sign_opens_nothing(bridge: Bridge, change: Any) -> None:
    a_picture(bridge)
    # 503: by a key that this container has not read yet, perhaps
    assert requests.get(change(shown(bridge)["url"]), timeout=60).status_code in {403, 404, 410, 503}


def test_a_tiktok_picture_is_fetched_with_its_header_and_shown(bridge: Bridge) -> None:
    media = bridge.get("/")["media"]["tiktok"]["image"]
    raw = kinds.tiktok("im_receive_msg", bridge.now_ms(), message_id="m-1==", type="image", image={"media_id": media})
    assert bridge.deliver("tiktok", raw) == 200
    bridge.until(bridge.taken, "the message at Genesys")
    assert requests.get(shown(bridge)["url"], timeout=60).content[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("name", "says"), [("html_named_jpg", "not what it claims to be"), ("huge", "too big to be shown")]
)
def test_a_file_that_is_not_to_be_shown_becomes_a_line(bridge: Bridge, name: str, says: str) -> None:
    a_picture(bridge, name=name)
    body = bridge.taken()[0]["body"]
    assert says in body["text"]
    assert "content" not in body


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/a.jpg",
        "file:///etc/passwd",
        "https://lookaside.fbsbx.com.evil.example/a.jpg",
        "{own}/api/health",
    ],
)
def test_an_address_that_is_not_the_platforms_is_never_fetched(bridge: Bridge, url: str) -> None:
    own = bridge.about["webhook_url"].partition("/api/")[0]
    raw = kinds.message(bridge.now_ms(), attachments=[kinds.attachment("image", url.replace("{own}", own))])
    assert bridge.deliver("instagram", raw) == 200
    bridge.until(bridge.taken, "the message at Genesys")
    assert "its address is not one of the platform's" in bridge.taken()[0]["body"]["text"]


def test_a_text_and_its_pictures_arrive_in_order_each_as_a_message(bridge: Bridge) -> None:
    media = bridge.get("/")["media"]["instagram"]
    files = [kinds.attachment(kind, media[kind]) for kind in ("image", "video")]
    bridge.deliver("instagram", kinds.message(bridge.now_ms(), text="Look at these", attachments=files))
    bridge.until(lambda: len(bridge.taken()) == 3, "three messages at Genesys")
    bodies = [call["body"] for call in bridge.taken()]
    assert [body.get("text") for body in bodies] == ["Look at these", None, None]
    assert [body["content"][0]["attachment"]["mediaType"] for body in bodies[1:]] == ["Image", "Video"]
    assert len({body["channel"]["messageId"] for body in bodies}) == 3


def reply_with(bridge: Bridge, channel: str, name: str) -> dict[str, Any]:
    """The agent answers with a file; what the platform was sent, once the receipt is in."""
    seen = bridge.conversation(channel)
    url = bridge.get("/")["media"]["genesys"][name]
    mime = {"pdf": "application/pdf", "image": "image/png", "video": "video/mp4"}[name]
    file = {"mediaType": "File" if name == "pdf" else name.capitalize(), "url": url, "mime": mime}
    file |= {"filename": f"offer.{mime.partition('/')[2]}"}
    content = [{"contentType": "Attachment", "attachment": file}]
    bridge.post("/genesys/reply", {"conversation_id": seen["conversation_id"], "content": content})
    bridge.until(lambda: bridge.taken("receipt"), "the receipt")
    assert bridge.taken("receipt")[0]["body"]["status"] == "Delivered", bridge.get("/state")
    sent: dict[str, Any] = bridge.sent(channel)[0]["body"]
    return sent


def test_an_agents_pdf_reaches_instagram_as_a_file(bridge: Bridge) -> None:
    message = reply_with(bridge, "instagram", "pdf")["message"]
    assert message["attachment"]["type"] == "file"
    assert requests.get(message["attachment"]["payload"]["url"], timeout=60).content.startswith(b"%PDF")


def test_an_agents_pdf_reaches_tiktok_as_a_link_that_opens(bridge: Bridge) -> None:
    text = reply_with(bridge, "tiktok", "pdf")["text"]["body"]
    assert text.startswith("offer.pdf: http")
    assert requests.get(text.partition(": ")[2], timeout=60).content.startswith(b"%PDF")


def test_an_agents_picture_reaches_tiktok_as_an_image(bridge: Bridge) -> None:
    sent = reply_with(bridge, "tiktok", "image")
    assert (sent["message_type"], bool(sent["image"]["media_id"])) == ("IMAGE", True)


def test_an_agents_picture_reaches_instagram_as_an_image(bridge: Bridge) -> None:
    message = reply_with(bridge, "instagram", "image")["message"]
    assert [one["type"] for one in message["attachments"]] == ["image"]


def test_the_control_api_offers_files_to_put_into_payloads(bridge: Bridge) -> None:
    media = bridge.get("/")["media"]
    instagram = {"image", "video", "audio", "file", "html_named_jpg", "huge", "huge_undeclared"}
    assert {vendor: set(files) for vendor, files in media.items()} == {
        "instagram": instagram,
        "tiktok": {"image", "png", "video"},
        "genesys": {"image", "pdf", "video"},
    }
    for url in (media["instagram"]["image"], media["genesys"]["pdf"]):
        assert requests.get(url, timeout=60).status_code == 200
