"""X's plain messages, and what is uploaded for them."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.stage.files import mp4, png
from tests.sandbox.simulators.x.conftest import PERSON, SHOP, Hook, Network

SEND = f"/2/dm_conversations/with/{PERSON}/messages"


def sent(network: Network, **body: Any) -> tuple[int, str]:
    answer = network.ask("POST", SEND, body)
    return answer.status_code, str(answer.json().get("detail", ""))


def test_a_message_comes_back_as_sent(network: Network, hook: Hook) -> None:
    network.do("text", text="Hi")
    answer = network.ask("POST", SEND, {"text": "Hello"})
    data = answer.json()["data"]
    assert (answer.status_code, data["dm_conversation_id"]) == (201, f"{SHOP}-{PERSON}")
    echo = hook.told(2)[1]["data"]
    assert echo["event_type"] == "dm.sent"
    [event] = echo["payload"]["direct_message_events"]
    assert (event["id"], event["message_create"]["sender_id"]) == (data["dm_event_id"], SHOP)
    [record] = network.sim.sent()
    assert (record["message_id"], record["text"], record["encrypted"]) == (data["dm_event_id"], "Hello", False)


def test_who_never_wrote_or_closed_their_door_is_not_reached(network: Network) -> None:
    closed = (403, "You do not have permission to DM one or more participants.")
    assert sent(network, text="Hello") == closed
    network.do("text", text="Hi")
    assert sent(network, text="Hello")[0] == 201
    network.do("block")
    assert sent(network, text="Hello") == closed
    network.do("unblock")
    assert sent(network, text="Hello")[0] == 201


def test_what_a_message_may_be(network: Network) -> None:
    network.do("text", text="Hi")
    wrong: list[dict[str, Any]] = [{}, {"text": ""}, {"text": "x" * 10_001}, {"words": "Hi"}, {"attachments": []}]
    for body in wrong:
        assert sent(network, **body)[0] == 400
    assert sent(network, text="x" * 10_000)[0] == 201


def test_links_are_shortened_and_said_what_they_stand_for(network: Network, hook: Hook) -> None:
    network.do("text", text="See https://shop.example/a?b=1 and more")
    data = hook.payload()["direct_message_events"][0]["message_create"]["message_data"]
    [link] = data["entities"]["urls"]
    start, end = link["indices"]
    assert data["text"][start:end] == link["url"] != link["expanded_url"] == "https://shop.example/a?b=1"
    assert data["text"].replace(link["url"], "…") == "See … and more"


def test_a_photo_lies_where_only_the_account_may_fetch_it(network: Network, hook: Hook) -> None:
    network.do("picture", text="My mug")
    data = hook.payload()["direct_message_events"][0]["message_create"]["message_data"]
    media = data["attachment"]["media"]
    path = media["media_url_https"].removeprefix(network.sim.url)
    assert (media["type"], path.split("/")[1:5]) == ("photo", ["1.1", "ton", "data", "dm"])
    assert network.ask("GET", path).status_code == 403  # OAuth 1.0a alone
    assert network.ask("GET", path, token="none").status_code == 401
    parts = path.split("/dm/")[1]
    assert network.ask("GET", f"/2/dm_conversations/media/{parts}").content == png()
    assert network.ask("GET", "/2/dm_conversations/media/1/2/3.png").status_code == 404


def test_films_lie_open(network: Network, hook: Hook) -> None:
    for number, (action, kind) in enumerate((("gif", "animated_gif"), ("video", "video")), 1):
        network.do(action)
        data = hook.payload(number)["direct_message_events"][0]["message_create"]["message_data"]
        media = data["attachment"]["media"]
        [film] = [one for one in media["video_info"]["variants"] if one["content_type"] == "video/mp4"]
        path = film["url"].removeprefix(network.sim.url)
        assert (media["type"], network.ask("GET", path, token="").content) == (kind, mp4())


def uploaded(network: Network, content: bytes, category: str, mime: str) -> str:
    start = {"media_type": mime, "media_category": category, "total_bytes": len(content)}
    identifier: str = network.ask("POST", "/2/media/upload/initialize", start).json()["data"]["id"]
    half = len(content) // 2
    for number, piece in enumerate((content[:half], content[half:])):
        body = {"media": base64.b64encode(piece).decode(), "segment_index": number}
        assert network.ask("POST", f"/2/media/upload/{identifier}/append", body).ok
    return identifier


def test_a_picture_is_uploaded_in_pieces_and_sent(network: Network, hook: Hook) -> None:
    network.do("text", text="Hi")
    identifier = uploaded(network, png(), "dm_image", "image/png")
    assert sent(network, attachments=[{"media_id": identifier}])[0] == 400
    done = network.ask("POST", f"/2/media/upload/{identifier}/finalize").json()["data"]
    assert (done["size"], "processing_info" in done) == (len(png()), False)
    assert sent(network, text="Here", attachments=[{"media_id": identifier}])[0] == 201
    media = hook.payload(2)["direct_message_events"][0]["message_create"]["message_data"]["attachment"]["media"]
    assert (media["id_str"], media["type"]) == (identifier, "photo")
    assert [one["media_id"] for one in network.sim.network.library.uploads()] == [identifier]


def test_a_film_is_processed_before_it_may_go(network: Network) -> None:
    network.do("text", text="Hi")
    library = network.sim.network.library
    library.processing_s = 60.0
    identifier = uploaded(network, mp4(), "dm_video", "video/mp4")
    states = [network.ask("POST", f"/2/media/upload/{identifier}/finalize").json()["data"]["processing_info"]]
    for offset in (40.0, 61.0):
        assert sent(network, attachments=[{"media_id": identifier}])[0] == 400
        network.clock.offset_s = offset
        told = network.ask("GET", f"/2/media/upload?media_id={identifier}&command=STATUS").json()["data"]
        states.append(told["processing_info"])
    assert [one["state"] for one in states] == ["pending", "in_progress", "succeeded"]
    assert ["check_after_secs" in one for one in states] == [True, True, False]
    assert sent(network, attachments=[{"media_id": identifier}])[0] == 201


def test_a_film_may_be_refused(network: Network) -> None:
    network.sim.network.library.breaks = True
    network.sim.network.library.processing_s = 0.0
    identifier = uploaded(network, mp4(), "dm_video", "video/mp4")
    done = network.ask("POST", f"/2/media/upload/{identifier}/finalize").json()["data"]["processing_info"]
    assert (done["state"], done["error"]["name"]) == ("failed", "InvalidMedia")


def test_bytes_that_are_missing_end_no_upload(network: Network) -> None:
    start = {"media_type": "image/png", "media_category": "dm_image", "total_bytes": 9}
    identifier = network.ask("POST", "/2/media/upload/initialize", start).json()["data"]["id"]
    assert network.ask("POST", f"/2/media/upload/{identifier}/finalize").status_code == 400
    too_big = start | {"total_bytes": 5 * 2**20 + 1}
    assert network.ask("POST", "/2/media/upload/initialize", too_big).status_code == 400


def test_the_past_is_told_newest_first_in_pages(network: Network) -> None:
    ids = [network.do("text", text=f"Number {number}") for number in range(3)]
    path = f"/2/dm_conversations/with/{PERSON}/dm_events?dm_event.fields=id,text,sender_id&max_results=2"
    first = network.ask("GET", path).json()
    assert [one["id"] for one in first["data"]] == ids[:0:-1]
    last = network.ask("GET", f"{path}&pagination_token={first['meta']['next_token']}").json()
    assert [(one["id"], one["sender_id"]) for one in last["data"]] == [(ids[0], PERSON)]
    assert network.ask("GET", "/2/dm_events?dm_event.fields=words").status_code == 400
    network.clock.offset_s = 31 * 86_400
    network.sim.add_account(SHOP, access_token="token", refresh_token="r", webhook_url="")
    assert network.ask("GET", path).json()["meta"]["result_count"] == 0


def test_read_typing_and_the_apps_own_words(network: Network, hook: Hook) -> None:
    network.do("text", text="Hi")
    message = network.ask("POST", SEND, {"text": "Hello"}).json()["data"]["dm_event_id"]
    hook.told(2)
    network.do("read")
    network.do("typing")
    network.do("echo", text="From the app")
    read, typing, echo = hook.told(5)[2:]
    assert read["data"]["payload"]["direct_message_mark_read_events"][0]["last_read_event_id"] == message
    assert typing["data"]["event_type"] == "dm.indicate_typing"
    created = echo["data"]["payload"]["direct_message_events"][0]["message_create"]
    assert (created["sender_id"], "source_app_id" in created) == (SHOP, False)


def test_a_group_is_named_by_its_number(network: Network, hook: Hook) -> None:
    network.do("text", "g900/2222222222222222005", text="Hi all")
    [event] = hook.payload()["direct_message_events"]
    assert (event["dm_conversation_id"], event["message_create"]["sender_id"]) == ("900", "2222222222222222005")
    answer = network.ask("POST", "/2/dm_conversations/900/messages", {"text": "Hello all"})
    assert (answer.status_code, answer.json()["data"]["dm_conversation_id"]) == (201, "900")
