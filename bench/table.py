"""The one table: what was measured, beside its floor."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

HEAD = ("what", "unit", "bridge", "floor", "ratio", "goal", "")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line. Without a floor there is no ratio; `most` or `least` is the goal's ratio, `highest` or `lowest` that of
    the bridge's own number."""

    name: str
    unit: str
    ours: float
    floor: float | None = None
    ratio: float | None = None
    most: float | None = None
    least: float | None = None
    highest: float | None = None
    lowest: float | None = None

    @property
    def share(self) -> float | None:
        """The ratio: the median of the rounds' where it is known, else that of the medians."""
        return self.ratio if self.ratio is not None or not self.floor else self.ours / self.floor

    @property
    def met(self) -> bool | None:
        """Whether every goal is met; None where there is none."""
        goals = [
            self.share is not None and self.share <= self.most if self.most is not None else None,
            self.share is not None and self.share >= self.least if self.least is not None else None,
            self.ours <= self.highest if self.highest is not None else None,
            self.ours >= self.lowest if self.lowest is not None else None,
        ]
        told = [goal for goal in goals if goal is not None]
        return all(told) if told else None


def table(sections: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """Markdown, its columns aligned so that it reads well in a terminal, too."""
    lines = [list(HEAD)]
    for title, rows in sections:
        lines.append([f"**{title}**", *[""] * (len(HEAD) - 1)])
        lines += [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    rule = ["-" * width if not column or column > 4 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(_line(cells, widths) for cells in [lines[0], rule, *lines[1:]])


def _line(cells: list[str], widths: list[int]) -> str:
    shown = [
        cell.ljust(width) if not column or column > 4 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(shown)} |"


def _cells(row: Row) -> list[str]:
    goals = [
        f"≤ {row.most:g}×" if row.most is not None else "",
        f"≥ {row.least:g}×" if row.least is not None else "",
        f"≤ {row.highest:g}" if row.highest is not None else "",
        f"≥ {row.lowest:g}" if row.lowest is not None else "",
    ]
    return [
        row.name,
        row.unit,
        _number(row.ours),
        "" if row.floor is None else _number(row.floor),
        "" if row.share is None else f"{row.share:.2f}×",
        ", ".join(filter(None, goals)),
        {True: "met", False: "MISSED", None: ""}[row.met],
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
