"""What the books must say, in plain Python: written from the contract, sharing no code of ours.

A pupil is a name, a notice and an account a number, money whole đồng. Every deed either happens or
raises ``Refused`` and changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

UNKNOWN = -1
"""Stands in a memo for a well-formed code that was never given out."""


class Refused(Exception):
    """The deed is not possible now."""


@dataclass(slots=True)
class Notice:
    """A notice: what is due, whose it is, and how much of which credit lies on it."""

    number: int
    pupil: str
    account: int
    due: int
    due_date: date
    lies: dict[str, int] = field(default_factory=dict)
    cancelled: bool = False

    @property
    def outstanding(self) -> int:
        return 0 if self.cancelled else self.due - sum(self.lies.values())

    @property
    def state(self) -> str:
        if self.cancelled:
            return "cancelled"
        if self.outstanding == 0:
            return "paid"
        return "issued" if self.outstanding == self.due else "partly_paid"


@dataclass(slots=True)
class Told:
    """Money that a bank told of: ``codes`` are the notices that its memo names."""

    txn: str
    account: int
    amount: int
    codes: tuple[int, ...] = ()
    out: bool = False
    ref: str = ""
    related: str | None = None
    state: str = "waiting"
    outcome: str = ""


@dataclass(slots=True)
class Model:
    """All notices, all money told, and what is kept for each pupil from each credit."""

    notices: list[Notice] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    kept: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def issue(self, pupil: str, account: int, due: int, due_date: date) -> int:
        number = len(self.notices)
        self.notices.append(Notice(number, pupil, account, due, due_date))
        return number

    def receive(self, money: Told) -> bool:
        """Hear of money; False if it was heard of before, whatever is said now."""
        if money.txn in self.told:
            return False
        self.told[money.txn] = money
        self.waiting.append(money.txn)
        return True

    def settle(self) -> int:
        """Decide everything that waits, account by account, in order of arrival.

        A person may have laid one account's money on a notice of another, so the order counts.
        """
        done, self.waiting = sorted(self.waiting, key=lambda txn: self.told[txn].account), []
        for txn in done:
            money = self.told[txn]
            money.state = money.outcome = self._out(money) if money.out else self._in(money)
        return len(done)

    def _in(self, money: Told) -> str:
        known = [self.notices[code] for code in dict.fromkeys(money.codes) if code != UNKNOWN]
        if len(known) != 1 or known[0].account != money.account:
            return "case"
        named, rest = known[0], money.amount
        rest -= self._lay(money, named, min(rest, named.outstanding))
        others = sorted(
            (
                each
                for each in self.notices
                if each.pupil == named.pupil
                and each.account == named.account
                and each is not named
                and each.outstanding
            ),
            key=lambda each: (each.due_date, each.number),
        )
        equal = [each for each in others if each.outstanding == rest][:1]
        fitting = equal or (others if sum(each.outstanding for each in others) == rest else [])
        for each in fitting:
            rest -= self._lay(money, each, each.outstanding)
        self._keep(money, named.pupil, rest)
        return "settled"

    def _out(self, money: Told) -> str:
        """Take back the one decided credit of this account, reference and amount, if it is one."""
        named = [
            each
            for each in self.told.values()
            if money.related is not None
            and (each.account, each.ref, each.amount)
            == (money.account, money.related, money.amount)
            and not each.out
            and each.state in {"settled", "case"}
        ]
        if len(named) != 1:
            return "ignored"
        self._take_off(named[0])
        named[0].state = "reversed"
        return "reversal"

    def assign(self, txn: str, notices: Mapping[int, int], pupils: Mapping[str, int]) -> None:
        """Lay a suspended credit as a person says."""
        money = self.told[txn]
        amounts = [*notices.values(), *pupils.values()]
        fits = all(self.notices[number].outstanding >= part for number, part in notices.items())
        right = sum(amounts) == money.amount and min(amounts) > 0
        if money.state != "case" or not fits or not right:
            raise Refused
        for number, part in notices.items():
            self._lay(money, self.notices[number], part)
        for pupil, part in pupils.items():
            self._keep(money, pupil, part)
        money.state = money.outcome = "settled"

    def undo(self, txn: str) -> None:
        """Take a credit off everything that it lies on; it waits for a person again."""
        money = self.told[txn]
        if not self.laid(txn):
            raise Refused
        self._take_off(money)
        money.state = money.outcome = "case"

    def cancel(self, number: int) -> int:
        """Take a notice back; what lay on it is its pupil's. Give how much that was."""
        notice = self.notices[number]
        if notice.cancelled:
            raise Refused
        lay, notice.lies, notice.cancelled = notice.lies, {}, True
        for txn, amount in lay.items():
            self._keep(self.told[txn], notice.pupil, amount)
        return sum(lay.values())

    def _lay(self, money: Told, notice: Notice, amount: int) -> int:
        if amount:
            notice.lies[money.txn] = notice.lies.get(money.txn, 0) + amount
        return amount

    def _keep(self, money: Told, pupil: str, amount: int) -> None:
        if amount:
            self.kept[pupil][money.txn] = self.kept[pupil].get(money.txn, 0) + amount

    def _take_off(self, money: Told) -> None:
        for place in (*(each.lies for each in self.notices), *self.kept.values()):
            place.pop(money.txn, None)

    def laid(self, txn: str) -> int:
        """Sum what of a credit lies anywhere (đồng)."""
        places = (*(each.lies for each in self.notices), *self.kept.values())
        return sum(place.get(txn, 0) for place in places)

    def credit_rows(self) -> dict[str, tuple[str, int]]:
        """Tell of each movement its state and what of it is undecided (đồng)."""
        whole = {"waiting", "case", "ignored", "reversal"}
        return {
            txn: (each.state, each.amount if each.state in whole else 0)
            for txn, each in self.told.items()
        }

    def balances(self) -> Iterator[tuple[str, int, int]]:
        """Tell (bank or suspense, account, đồng) of every account that money came to."""
        decided = [each for each in self.told.values() if not each.out and each.state != "waiting"]
        for account in sorted({each.account for each in decided}):
            own = [each for each in decided if each.account == account]
            came = sum(each.amount for each in own if each.state != "reversed")
            yield "bank", account, came
            yield "suspense", account, sum(each.amount for each in own if each.state == "case")

    def pupil_credit(self, pupil: str) -> int:
        return sum(self.kept[pupil].values())
