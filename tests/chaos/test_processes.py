"""`make chaos` in small: real processes, of which those of the edge die before and after what they write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.registry import DESKS
from tests.chaos.__main__ import ALLOWED
from tests.chaos.processes import run
from tests.chaos.processes.site import Site
from tests.chaos.processes.weather import Weather

pytestmark = pytest.mark.xdist_group("chaos-processes")
# workers that die are waited for as long as their leases run
SMALL = Weather(
    seed=5, messages=24, people=6, vendors=0, aws=0, doubled=0.3, late=0.3, kill_s=1e9, patience=(0, 0),
    mortal=("edge", "fed"), lasts_s=150, ends_s=300, sizes={"edge": 2, "to_desk": 2, "to_customer": 2, "fed": 1},
)  # fmt: skip


@pytest.mark.parametrize("desk", DESKS)
def test_processes_that_die_lose_nothing_and_every_message_has_its_trace(
    desk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOOK_S", 0.1)
    with Site(tmp_path, replace(SMALL, desk=desk)) as site:
        ran = run.Run(site, lambda words: None)
        found = ran.go()
        assert site.failed == []
    assert {what: number for what, number in found.faults.items() if not what.endswith(ALLOWED)} == {}
    assert (found.inbound.once, found.outbound.once) == (12, 12)
    assert (found.inbound.traced, found.outbound.traced) == (12, 12)
    assert ran.at_rest
    died = {line.rpartition(" ")[2] for line in site.deaths.read_text().splitlines()}
    assert died == {"before", "after"}
