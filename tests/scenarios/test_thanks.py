"""An account that thanks automatically for mentions in stories, and for comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from sandbox.stage.aws import TABLE
from tests.scenarios import kinds
from tests.scenarios.conftest import INSTAGRAM, Bridge

MENTIONED = "[Mentioned you in a story: "
STORY = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={}&signature={}"


def fronted(bridge: Bridge, front: dict[str, Any]) -> None:
    """What stands before the account's desk from now on."""
    bridge.sandbox.aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{INSTAGRAM}"}},
        **(
            {
                "UpdateExpression": "SET front = :front",
                "ExpressionAttributeValues": {":front": {"S": msgspec.json.encode(front).decode()}},
            }
            if front
            else {"UpdateExpression": "REMOVE front"}
        ),
    )
    bridge.shift(bridge.sandbox.clock.offset_s + 600)


Thankful = Callable[..., None]


@pytest.fixture
def thankful(bridge: Bridge) -> Iterator[Thankful]:
    def thanks(**what: Any) -> None:
        words = {"story_texts": {"en": "Thank you, {name}!"}, "comment_texts": {"en": "Thank you, {name}!"}}
        fronted(bridge, {"thanks": words | what})

    yield thanks
    bridge.post("/reset")
    fronted(bridge, {})


def mentioned(bridge: Bridge, story: str, signature: str = "s") -> None:
    url = STORY.format(story, signature)
    bridge.deliver("instagram", kinds.message(bridge.now_ms(), attachments=[kinds.attachment("story_mention", url)]))


def texts(bridge: Bridge) -> list[str]:
    return [call["body"].get("text", "") for call in bridge.taken()]


def thanked(bridge: Bridge) -> list[str]:
    return [call["body"]["message"]["text"] for call in bridge.sent("instagram")]


def test_each_story_is_thanked_for_once_and_its_mention_shown(bridge: Bridge, thankful: Thankful) -> None:
    thankful()
    mentioned(bridge, "9011")
    bridge.until(lambda: len(texts(bridge)) == 2, "the mention, and that they were thanked")
    shown, told = texts(bridge)
    assert shown.startswith(MENTIONED)
    [said] = thanked(bridge)
    assert said.startswith("Thank you")
    assert said in told
    mentioned(bridge, "9011", "another-signature")
    bridge.until(lambda: len(texts(bridge)) == 3, "the second telling")
    bridge.quiet()
    assert thanked(bridge) == [said]
    assert bridge.metric("echo_elsewhere") == 0


def test_a_mention_need_not_open_a_conversation(bridge: Bridge, thankful: Thankful) -> None:
    thankful(opens=False)
    mentioned(bridge, "9011")
    bridge.until(lambda: thanked(bridge), "the thanks")
    mentioned(bridge, "9012")
    bridge.until(lambda: len(thanked(bridge)) == 2, "the second thanks")
    bridge.quiet()
    assert bridge.taken() == []
    bridge.conversation()
    mentioned(bridge, "9013")
    bridge.until(lambda: len(texts(bridge)) == 2, "the mention in the conversation that is open")
    bridge.quiet()
    assert len(thanked(bridge)) == 2


def test_a_comment_is_thanked_for_privately(bridge: Bridge, thankful: Thankful) -> None:
    thankful(comments=True)
    bridge.deliver("instagram", kinds.comment(bridge.now_ms(), "17894227972186120", "Lovely"))
    bridge.until(lambda: len(texts(bridge)) == 2, "the comment, and that they were thanked")
    [call] = bridge.sent("instagram")
    assert call["body"]["recipient"] == {"comment_id": "17894227972186120"}
    assert "by the one private message" in texts(bridge)[1]


def test_a_platform_that_throttles_holds_up_no_mention(bridge: Bridge, thankful: Thankful) -> None:
    thankful()
    bridge.post("/trouble", {"name": "platform_429", "on": True})
    mentioned(bridge, "9011")
    bridge.until(lambda: len(texts(bridge)) == 1, "the mention")
    bridge.post("/instagram/say", {"text": "And a question"})
    bridge.until(lambda: len(texts(bridge)) == 2, "what they write next")
    assert thanked(bridge) == []
    bridge.post("/trouble", {"name": "platform_429", "on": False})
    bridge.pass_time(30.0, lambda: len(thanked(bridge)) == 1, "the thanks")
