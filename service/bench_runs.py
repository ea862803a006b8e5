"""What every benchmark shares: alternating runs, medians, figures and how they are printed.

A figure stands beside the baseline of the same run. Never measures anything itself.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import click

NAME_WIDTH, NUMBER_WIDTH, UNIT_WIDTH = 26, 12, 14
_WHOLE_FROM, _TENTHS_FROM = 100, 10


class Scale(StrEnum):
    """How much of the country a benchmark plays."""

    SMALL = "small"
    PROVINCE = "province"
    NATION = "nation"


class CheckFailed(click.ClickException):
    """The measured work was not done right, so its figure is worth nothing; exit 1."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; ``ratio`` says how many times better it is than ``baseline``."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    what: str = ""


def alternate(rounds: int, runs: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run everything once a round, every other round backwards; give the values by name.

    So a neighbour that slows the machine for a while slows all of them.
    """
    values: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds):
        for name in list(runs)[:: -1 if turn % 2 else 1]:
            tell(f"round {turn + 1} of {rounds}: {name}")
            values[name].append(runs[name]())
    tell("")
    return values


def times_better(ours: Sequence[float], baseline: Sequence[float]) -> float:
    """Give the median over the rounds of ours by baseline, each pair from one round."""
    return median(one / other for one, other in zip(ours, baseline, strict=True))


def compared(
    name: str, unit: str, what: str, ours: Sequence[float], baseline: Sequence[float]
) -> Figure:
    """Make the figure of our median beside the baseline's."""
    ratio = times_better(ours, baseline)
    return Figure(name, median(ours), unit, median(baseline), ratio, what)


def ratio_only(name: str, what: str, ours: Sequence[float], baseline: Sequence[float]) -> Figure:
    """Make a figure whose value is the ratio itself."""
    ratio = times_better(ours, baseline)
    return Figure(name, ratio, "x", median(baseline), ratio, what)


def percentile(values: Iterable[float], hundredth: int) -> float:
    """Give the value that ``hundredth`` per cent of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * hundredth // 100) - 1)]


def check(*, holds: bool, promise: str) -> None:
    """Raise CheckFailed unless the promise holds."""
    if not holds:
        raise CheckFailed(f"the benchmark's own check failed: {promise}")


def number(value: float | None) -> str:
    """Write a value with about three digits that count; ``-`` for none."""
    if value is None:
        return "-"
    if abs(value) >= _WHOLE_FROM:
        return f"{value:.0f}"
    if abs(value) >= _TENTHS_FROM:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def table_of(figures: Iterable[Figure]) -> str:
    """Lay figures out for people, a line each."""
    lines = [_row("figure", "value", "unit", "baseline", "ratio", "what")]
    for each in figures:
        ratio = "-" if each.ratio is None else f"{number(each.ratio)}x"
        words = (number(each.value), each.unit, number(each.baseline), ratio, each.what)
        lines.append(_row(each.name, *words))
    return "\n".join(lines)


def _row(name: str, value: str, unit: str, baseline: str, ratio: str, what: str) -> str:
    left = f"{name:<{NAME_WIDTH}}{value:>{NUMBER_WIDTH}} {unit:<{UNIT_WIDTH}}"
    return f"{left}{baseline:>{NUMBER_WIDTH}}{ratio:>{NUMBER_WIDTH}}  {what}".rstrip()


def result_line(figure: Figure) -> str:
    """Write the line that programs read."""
    return (
        f"RESULT {figure.name} {number(figure.value)} {figure.unit}"
        f" baseline={number(figure.baseline)} ratio={number(figure.ratio)}"
    )


def tell(doing: str) -> None:
    """Show what is being done, on a terminal only; nothing wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{doing}")
        sys.stderr.flush()
