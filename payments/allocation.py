"""How money lies on notices, and what a paid total means per line. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.money import Dong


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """A notice that can take money: ``outstanding`` is in đồng and above 0."""

    id: int
    outstanding: Dong


@dataclass(frozen=True, slots=True)
class Part:
    """``amount`` (đồng, > 0) laid on one notice."""

    invoice_id: int
    amount: Dong


def allocate(
    amount: Dong, named: OpenInvoice | None, others: Sequence[OpenInvoice]
) -> tuple[list[Part], Dong]:
    """Lay ``amount`` on the named notice, the rest only where it fits exactly; give the surplus.

    ``others`` are the pupil's other open notices, oldest due first. The rest goes to the first
    of them that equals it, else to all of them if their sum equals it, else it is surplus.
    The parts and the surplus always sum to ``amount``.
    """
    parts: list[Part] = []
    rest = amount
    if named is not None:
        taken = Dong(min(rest, named.outstanding))
        parts.append(Part(named.id, taken))
        rest = Dong(rest - taken)
    if rest > 0:
        equal = next((each for each in others if each.outstanding == rest), None)
        fitting = [equal] if equal else list(others)
        if fitting and sum(each.outstanding for each in fitting) == rest:
            parts.extend(Part(each.id, each.outstanding) for each in fitting)
            rest = Dong(0)
    return parts, rest


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a notice: ``amount`` (đồng) may be negative, ``priority`` 0 is paid first."""

    amount: Dong
    priority: int = 0


def spread(paid: Dong, lines: Sequence[Line]) -> list[Dong]:
    """Say how much of ``paid`` (đồng) each line has received; the parts sum to ``paid``.

    Negative lines lower what the last positive lines need, so that a notice paid in full has
    every line's own amount. Lines are served by priority, then by their order on the notice.
    Raises ValueError if ``paid`` lies outside 0 and the notice's total.
    """
    total = sum(line.amount for line in lines)
    if not 0 <= paid <= total:
        message = f"paid {paid} lies outside 0 and the total {total}"
        raise ValueError(message)
    if paid == total:
        return [line.amount for line in lines]
    order = sorted(range(len(lines)), key=lambda place: (lines[place].priority, place))
    parts = [Dong(0)] * len(lines)
    rest = paid
    for place in order:
        taken = Dong(min(rest, max(lines[place].amount, 0)))
        parts[place] = taken
        rest = Dong(rest - taken)
    return parts
