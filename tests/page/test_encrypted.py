"""A customer whose platform can encrypt: by their switch, message by message."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Desk

pytestmark = pytest.mark.xdist_group("page")


def test_only_who_can_encrypt_is_asked(desk: Desk) -> None:
    encrypted = desk.page.get_by_role("switch", name="encrypted")
    expect(encrypted).to_be_hidden()
    desk.page.get_by_role("tab", name="X", exact=True).click()
    expect(encrypted).to_be_visible()
    expect(encrypted).not_to_be_checked()


def test_what_is_encrypted_is_one_conversation_with_what_is_not(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="X", exact=True).click()
    desk.asked("In plain words")
    desk.page.get_by_role("switch", name="encrypted").check()
    desk.asked("In secret")
    desk.answer("In secret, too")
    answer = desk.phone.locator("li.theirs")
    expect(answer).to_contain_text("In secret, too")
    expect(answer).to_contain_text("encrypted")
    expect(desk.phone.locator("li.own").filter(has_text="In plain words")).not_to_contain_text("encrypted")
    expect(desk.queue).to_have_count(1)
    # of a plain message X tells nothing more: only what is encrypted can be done anything to
    expect(desk.phone.get_by_role("button", name="What to do with this message")).to_have_count(2)
    desk.do("A document")
    expect(desk.talk.locator('[data-by="customer"]')).to_have_count(3)
    proof = desk.until_settled()
    assert (proof["agents_saw"], proof["customers_got"], proof["lost"], proof["doubled"]) == (3, 1, 0, 0)


def test_each_customer_has_a_switch_of_their_own(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="X", exact=True).click()
    encrypted = desk.page.get_by_role("switch", name="encrypted")
    encrypted.check()
    desk.page.locator("#who").select_option(index=1)
    expect(encrypted).not_to_be_checked()
    desk.page.locator("#who").select_option(index=0)
    expect(encrypted).to_be_checked()
