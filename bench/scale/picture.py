"""The picture of docs/scale.md: which limit is full at how many messages a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

LEAST, MOST = 1e3, 1e9
LEFT, RIGHT, TOP, ROW = 330, 960, 46, 27
# Read on white and on black: the text takes the page's side, the bars are in the middle of both.
STYLE = """
text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:11px}.grid{stroke:#8c959f;stroke-opacity:.45}
.ours{fill:#2f81d6}.vendor{fill:#d9822b}.AWS{fill:#7d8590}.hour{opacity:.4}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}}
"""
WHOSE = {"ours": "Terraform's setting", "vendor": "a vendor's", "AWS": "AWS' quota"}


class Bar(NamedTuple):
    """A limit, whose it is, and the messages a day that fill it: in a burst, and in the busiest hour."""

    name: str
    whose: str
    burst: float
    hour: float


def picture(bars: Sequence[Bar]) -> str:
    """An SVG, the narrowest first."""
    ordered = sorted(bars, key=lambda bar: min(bar.burst, bar.hour))
    bottom = TOP + ROW * len(ordered)
    parts = [_grid(10.0**power, bottom) for power in range(int(math.log10(LEAST)), int(math.log10(MOST)) + 1)]
    parts += [_row(bar, TOP + ROW * number) for number, bar in enumerate(ordered)]
    parts += [_legend(number, whose, bottom + 26) for number, whose in enumerate(WHOSE)]
    said = "full colour: up to where a burst fills it; pale: up to where the busiest hour does without one"
    parts.append(f'<text class="small" x="{LEFT}" y="{bottom + 48}">{said}</text>')
    height = bottom + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {RIGHT + 60} {height}" role="img">'
        f"<title>Which limit is full at how many messages a day</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _x(messages: float) -> float:
    share = math.log10(min(max(messages, LEAST), MOST) / LEAST) / math.log10(MOST / LEAST)
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _grid(messages: float, bottom: int) -> str:
    at = _x(messages)
    return (
        f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP - 8}" y2="{bottom}"/>'
        f'<text class="small" x="{at}" y="{TOP - 16}" text-anchor="middle">{messages:,.0f}</text>'
    )


def _row(bar: Bar, top: int) -> str:
    full, hour = (_x(min(bar.burst, bar.hour)) - LEFT, _x(bar.hour) - LEFT)
    return (
        f'<text x="{LEFT - 10}" y="{top + 15}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect class="{bar.whose} hour" x="{LEFT}" y="{top + 3}" width="{hour:.1f}" height="{ROW - 9}"/>'
        f'<rect class="{bar.whose}" x="{LEFT}" y="{top + 3}" width="{full:.1f}" height="{ROW - 9}"/>'
    )


def _legend(number: int, whose: str, y: int) -> str:
    x = LEFT + 200 * number
    square = f'<rect class="{whose}" x="{x}" y="{y - 10}" width="12" height="12"/>'
    return f'{square}<text x="{x + 18}" y="{y}">{WHOSE[whose]}</text>'
