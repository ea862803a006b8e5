"""The fee items and notices of a sample bundle: believable lines, sums of 200.000 to 1.600.000 đ.

Prices are invented, below the maximum prices Hà Nội published in November 2025. A public
school never charges tuition (Resolution 217/2025/QH15). No notice is ever below zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from service.synthetic_rows import FeeItemRow, LineRow
from service.synthetic_units import DEMO_SCHOOL, SchoolPlan

WAIVED = LineRow("HP", "Học phí (miễn theo Nghị quyết 217/2025/QH15)", 0)

_LOCAL = "Nghị quyết của Hội đồng nhân dân tỉnh (mẫu)"
_BOARD = "Nghị quyết hội đồng trường (mẫu)"
_AGREED = "Thỏa thuận với cha mẹ học sinh (mẫu)"
_CATALOGUE = (
    ("HP", "Học phí", "tuition", "month", 0, "Nghị quyết 217/2025/QH15"),
    ("TA", "Tiền ăn bán trú", "agreed", "day", None, _AGREED),
    ("CSBT", "Chăm sóc, quản lý bán trú", "service", "month", 235_000, _LOCAL),
    ("TBBT", "Trang thiết bị bán trú", "service", "month", 133_000, _LOCAL),
    ("N2B", "Học 2 buổi/ngày", "service", "month", 200_000, _LOCAL),
    ("NU", "Nước uống", "service", "month", 16_000, _LOCAL),
    ("DD", "Xe đưa đón", "service", "month", 200_000, _LOCAL),
    ("KNS", "Giáo dục kỹ năng sống", "service", "hour", 15_000, _LOCAL),
    ("CLB", "Câu lạc bộ", "service_optional", "month", None, _AGREED),
    ("NN", "Tiếng Anh tăng cường", "service_optional", "month", None, _AGREED),
    ("BHYT", "Bảo hiểm y tế học sinh", "pass_through", "year", 631_800, "Luật Bảo hiểm y tế"),
)
_BOARDING = {"MN", "TH", "TH&THCS"}
_ABSENT_DAYS_MAX = 5
_ABSENT_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Menu:
    """What one school charges in one month: lines with the share of pupils who have them."""

    items: tuple[FeeItemRow, ...]
    lines: tuple[tuple[float, LineRow], ...]
    absences: tuple[LineRow, ...]

    def draw(self, rng: Random) -> list[LineRow]:
        """Draw the lines of one notice; meals not eaten last month are taken off."""
        drawn = [line for share, line in self.lines if share >= 1 or rng.random() < share]
        if self.absences and rng.random() < _ABSENT_SHARE:
            days = int(rng.random() * len(self.absences))
            drawn.insert(2, self.absences[days])
        return drawn

    def full(self) -> list[LineRow]:
        """Give every line and one day's meal taken off: the notice of the tour."""
        lines = [line for _, line in self.lines]
        return [*lines[:2], *self.absences[:1], *lines[2:]]


def shared_items() -> Iterator[FeeItemRow]:
    """Yield the province's catalogue, which belongs to no school."""
    for code, name, legal_class, unit, price, basis in _CATALOGUE:
        yield FeeItemRow(code, None, name, legal_class, unit, price, basis)


def menu_of(plan: SchoolPlan, rng: Random, *, month: int) -> Menu:
    """Set one school's prices (đồng) for ``month`` (1 to 12)."""
    before = month - 1 or 12
    if plan.ownership != "public":
        return _private_menu(plan, rng, before=before)
    if plan.code == DEMO_SCHOOL:
        prices = (235_000, 64_000, 16_000, 8, 150_000)
        return _boarding_menu(plan, meal=35_000, days=20, prices=prices, before=before)
    if plan.level in _BOARDING:
        prices = (
            _between(rng, 150, 235) * 1_000,
            _between(rng, 40, 133) * 1_000,
            _between(rng, 12, 16) * 1_000,
            _between(rng, 4, 8),
            _between(rng, 10, 20) * 10_000,
        )
        meal, days = _between(rng, 24, 30) * 1_000, _between(rng, 18, 21)
        return _boarding_menu(plan, meal=meal, days=days, prices=prices, before=before)
    return _day_menu(plan, rng)


def _boarding_menu(
    plan: SchoolPlan, *, meal: int, days: int, prices: tuple[int, int, int, int, int], before: int
) -> Menu:
    care, gear, water, hours, club = prices
    food, meals, absences = _meals(plan, meal=meal, days=days, before=before)
    clubs = _item(plan, "CLB", "Câu lạc bộ", "service_optional", "month", club)
    lines = (
        (1.0, WAIVED),
        (1.0, meals),
        (1.0, LineRow("CSBT", "Chăm sóc, quản lý bán trú", care)),
        (0.5, LineRow("TBBT", "Trang thiết bị bán trú", gear)),
        (1.0, LineRow("NU", "Nước uống", water)),
        (0.6, _skills(hours)),
        (0.4, LineRow(clubs.code, clubs.name, club)),
    )
    return Menu((food, clubs), lines, absences)


def _day_menu(plan: SchoolPlan, rng: Random) -> Menu:
    english = _between(rng, 10, 20) * 10_000
    lessons = _item(plan, "NN", "Tiếng Anh tăng cường", "service_optional", "month", english)
    lines = (
        (1.0, WAIVED),
        (1.0, LineRow("N2B", "Học 2 buổi/ngày", _between(rng, 140, 200) * 1_000)),
        (1.0, LineRow("NU", "Nước uống", _between(rng, 10, 16) * 1_000)),
        (1.0, _skills(_between(rng, 4, 8))),
        (0.5, LineRow(lessons.code, lessons.name, english)),
        (0.15, LineRow("DD", "Xe đưa đón", _between(rng, 12, 20) * 10_000)),
        (0.1, LineRow("BHYT", "Bảo hiểm y tế học sinh (12 tháng)", 631_800)),
    )
    return Menu((lessons,), lines, ())


def _private_menu(plan: SchoolPlan, rng: Random, *, before: int) -> Menu:
    price = _between(rng, 40, 60) * 10_000
    tuition = _item(plan, "HP", "Học phí", "tuition", "month", price)
    meal, days = _between(rng, 24, 30) * 1_000, _between(rng, 18, 21)
    food, meals, absences = _meals(plan, meal=meal, days=days, before=before)
    lines = (
        (1.0, LineRow(tuition.code, tuition.name, price)),
        (1.0, meals),
        (1.0, LineRow("CSBT", "Chăm sóc, quản lý bán trú", _between(rng, 90, 150) * 1_000)),
        (1.0, LineRow("NU", "Nước uống", _between(rng, 12, 16) * 1_000)),
        (0.5, _skills(_between(rng, 4, 8))),
    )
    return Menu((tuition, food), lines, absences)


def _meals(
    plan: SchoolPlan, *, meal: int, days: int, before: int
) -> tuple[FeeItemRow, LineRow, tuple[LineRow, ...]]:
    food = _item(plan, "TA", "Tiền ăn bán trú", "agreed", "day", meal)
    meals = LineRow(food.code, f"Tiền ăn bán trú ({days} ngày)", meal * days)
    absences = tuple(
        LineRow(food.code, f"Trừ {absent} ngày không ăn tháng {before}", -meal * absent)
        for absent in range(1, _ABSENT_DAYS_MAX + 1)
    )
    return food, meals, absences


def _skills(hours: int) -> LineRow:
    return LineRow("KNS", f"Giáo dục kỹ năng sống ({hours} giờ)", hours * 15_000)


def _item(
    plan: SchoolPlan, code: str, name: str, legal_class: str, unit: str, price: int
) -> FeeItemRow:
    basis = _AGREED if legal_class == "agreed" else _BOARD
    return FeeItemRow(f"{code}-{plan.code}", plan.code, name, legal_class, unit, price, basis)


def _between(rng: Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))
