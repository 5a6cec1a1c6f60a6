"""A goal is met by what is compared with it, and the table says so."""

from __future__ import annotations

import pytest

from bench.table import Row, table


def row(**given: float) -> Row:
    return Row(name="a thing", unit="µs", **({"ours": 12.0, "floor": 10.0} | given))


def test_the_ratio_is_of_the_medians() -> None:
    assert row().share == pytest.approx(1.2)


def test_the_rounds_own_ratio_goes_before() -> None:
    assert row(ratio=1.1).share == 1.1


def test_nothing_is_compared_with_no_floor() -> None:
    assert Row(name="a thing", unit="µs", ours=1.0).share is None


@pytest.mark.parametrize("goal", [{"most": 1.2}, {"least": 1.2}, {"highest": 12.0}, {"lowest": 12.0}])
def test_a_goal_that_is_just_reached_is_met(goal: dict[str, float]) -> None:
    assert row(**goal).met is True


@pytest.mark.parametrize("goal", [{"most": 1.19}, {"least": 1.21}, {"highest": 11.9}, {"lowest": 12.1}])
def test_a_goal_that_is_not_reached_is_missed(goal: dict[str, float]) -> None:
    assert row(**goal).met is False


def test_one_goal_missed_is_a_miss() -> None:
    assert row(most=2.0, highest=1.0).met is False


def test_without_a_goal_nothing_is_said() -> None:
    assert row().met is None


def test_the_table_shows_a_miss() -> None:
    cells = [cell.strip() for cell in table([("a section", [row(most=1.1)])]).splitlines()[-1].split("|")]
    assert cells == ["", "a thing", "µs", "12", "10", "1.20×", "≤ 1.1×", "MISSED", ""]


def test_the_table_shows_what_is_to_be_reached() -> None:
    cells = [cell.strip() for cell in table([("a section", [row(least=0.9)])]).splitlines()[-1].split("|")]
    assert cells[-3:] == ["≥ 0.9×", "met", ""]


def test_every_line_of_the_table_is_as_wide() -> None:
    lines = table([("a section", [row(), row(ours=12345.0, floor=1.5)])]).splitlines()
    assert len({len(line) for line in lines}) == 1
