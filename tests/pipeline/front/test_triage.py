"""What a message is about: asked once a message, whatever dies on the way, and never anybody's trouble."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Malformed, Misconfigured, RateLimited, Uncertain
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.front.triage import Endpoint, asked
from chalicelib.vocabulary.front import Front, Triage
from tests.corpus.injection import ANSWERS, MESSAGES
from tests.pipeline.front.kit import RIGHT, SAID, TRIAGE, Kit, draft

FRONT = Front(triage=TRIAGE)
TOLD = {
    "priority": "900",
    "triageIntent": "order",
    "triageSentiment": "neutral",
    "triageLanguage": "en",
    "triageUrgency": "high",
    "triageSpam": "1",
}


@pytest.fixture
def kit() -> Kit:
    return Kit()


def test_a_message_is_judged_by_its_words_alone(kit: Kit) -> None:
    told = kit.asking.enrich(draft(FRONT, facts={"username": "ann", "channel": "instagram"})).facts
    assert told == {"username": "ann", "channel": "instagram"} | TOLD
    assert list(told)[:2] == ["username", "channel"]
    [question] = kit.says.questions
    sent = repr(msgspec.to_builtins(question))
    assert SAID.text in sent
    assert [word for word in ("ann", "55501", SAID.id, SAID.conversation.account) if word in sent] == []


def test_a_message_that_comes_again_is_not_judged_again(kit: Kit) -> None:
    first = kit.asking.enrich(draft(FRONT))
    kit.container()
    assert kit.asking.enrich(draft(FRONT)).facts == first.facts
    assert len(kit.says.questions) == 1


@pytest.mark.parametrize("died", [True, False])
def test_whoever_asked_before_and_died_asked_once(kit: Kit, monkeypatch: pytest.MonkeyPatch, died: bool) -> None:
    class Killed(BaseException):
        pass

    if died:
        monkeypatch.setattr(kit.says, "judge", lambda *_: (_ for _ in ()).throw(Killed()))
        kit.container()
        with pytest.raises(Killed):
            kit.asking.enrich(draft(FRONT))
    else:
        kit.says.model = Uncertain("late")
        assert kit.asking.enrich(draft(FRONT)).facts == {}
    calls = len(kit.says.questions)
    kit.container()
    assert kit.asking.enrich(draft(FRONT)).facts == {}
    assert len(kit.says.questions) == calls


@pytest.mark.parametrize("changed", [{"text": ""}, {"text": " \n"}, {"sealed": True}])
def test_without_words_and_of_what_came_encrypted_nothing_leaves(kit: Kit, changed: dict[str, object]) -> None:
    assert kit.asking.enrich(draft(FRONT, msgspec.structs.replace(SAID, **changed))).facts == {}
    assert kit.says.questions == []
    assert kit.memory.held == {}


def test_nobody_is_asked_where_it_cannot_be_known_that_nobody_was(kit: Kit) -> None:
    kit.memory.down = True
    assert kit.asking.enrich(draft(FRONT)).facts == {}
    assert kit.says.questions == []


FAILURES = [Uncertain("late"), RateLimited("429"), Misconfigured("400", "run"), Malformed("?"), ValueError("bug")]


@pytest.mark.parametrize("failure", FAILURES, ids=[type(one).__name__ for one in FAILURES])
def test_whatever_fails_the_message_goes_on(kit: Kit, failure: Exception) -> None:
    kit.says.model = failure
    assert kit.asking.enrich(draft(FRONT, facts={"a": "b"})).facts == {"a": "b"}
    assert kit.metrics.total("front_failed", feature="triage") == 1


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_a_dictated_answer_is_none(kit: Kit, answer: object) -> None:
    kit.says.model = answer
    for number, message in enumerate(MESSAGES):
        kit.container()  # a breaker would spare the rest
        said = msgspec.structs.replace(SAID, id=f"message:{number}", text=message)
        assert kit.asking.enrich(draft(FRONT, said)).facts == {}
    assert len(kit.says.questions) == len(MESSAGES)


def test_what_was_judged_lies_with_the_customer_without_their_words(kit: Kit) -> None:
    kit.asking.enrich(draft(FRONT))
    [((whose, name), (held, _))] = kit.memory.held.items()
    assert whose == SAID.conversation.key
    assert SAID.id not in name
    assert b"back" not in held


def test_an_endpoint_of_the_companys_own_is_asked_alike(kit: Kit) -> None:
    triage = Triage(intents={"order": "where is it"}, url="https://sort.example/", secret="front/crm")
    endpoint = Endpoint(Signed(kit.says.post, kit.secrets, kit.clock, lambda: "call-1"))
    kit.says.crm = RIGHT
    question = asked(triage, "mail a@example.com", "en", "mark")
    assert endpoint(triage, question, 0.8) == RIGHT
    [(url, headers, body, within_s)] = kit.says.posts
    assert (url, within_s, headers["webhook-id"]) == (triage.url, 0.8, "call-1")
    assert body == {"text": "mail [email]", "intents": {"order": "where is it"}, "language": "en"}
