"""The places of a sample bundle: one province, its communes, two former districts, its schools.

Names of places are real (Huế, communes since 1 July 2025), everything else is invented and says so.
Never the official unit list: codes beginning with ``MAU`` (sample) stand in no register.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from service.synthetic_names import bank_upper, seeded
from service.synthetic_rows import AccountRow, SchoolRow, UnitRow

PROVINCE = "MAU-46"
DEPARTMENT = "MAU-46-SO"
DEMO_SCHOOL = "TH-PB1"
DEMO_BANK = "970403"
DEMO_ACCOUNT = "0011012345678"
"""The account printed as an example in the VietQR format itself; it belongs to nobody."""

_MERGED = "2025-07-01"
_DISTRICTS = (
    ("MAU-479", "Thị xã Hương Thủy (cũ)", "2010-02-09"),
    ("MAU-477", "Huyện Quảng Điền (cũ)", "1990-09-29"),
)
_COMMUNES = (
    "P PB Phú Bài 479|P HT Hương Thủy 479|P TT Thanh Thủy 479|X QD Quảng Điền 477|X DD Đan Điền 477"
    "|P THO Thuận Hóa|P PX Phú Xuân|P AC An Cựu|P VD Vỹ Dạ|P KL Kim Long|P TX Thủy Xuân"
    "|P HA Hương An|P TA Thuận An|P HC Hóa Châu|P MT Mỹ Thượng|P DN Dương Nỗ|P HTR Hương Trà"
    "|P KT Kim Trà|P PDI Phong Điền|P PT Phong Thái|P PD Phong Dinh|P PP Phong Phú"
    "|P PQ Phong Quảng|X PVI Phú Vinh|X PH Phú Hồ|X PVA Phú Vang|X VL Vinh Lộc|X HL Hưng Lộc"
    "|X LA Lộc An|X PL Phú Lộc|X CM Chân Mây - Lăng Cô|X LQ Long Quảng|X ND Nam Đông|X KTR Khe Tre"
    "|X BD Bình Điền|X ALA A Lưới 1|X ALB A Lưới 2|X ALC A Lưới 3|X ALD A Lưới 4|X ALE A Lưới 5"
)
_COMMUNES_MIN = 6
_LEVELS = {"TH": 195, "MN": 205, "THCS": 130, "THPT": 45, "TH&THCS": 10, "GDTX": 5}
"""Schools of each level in a province of 590: an assumption, as are the sizes below."""
_MEAN_PUPILS = {"TH": 574, "MN": 266, "THCS": 546, "THPT": 789, "TH&THCS": 400, "GDTX": 300}
_CODES = {"TH&THCS": "LC"}
_WORDS = {
    "MN": "Trường Mầm non",
    "TH": "Trường Tiểu học",
    "THCS": "Trường THCS",
    "THPT": "Trường THPT",
    "TH&THCS": "Trường TH&THCS",
    "GDTX": "Trung tâm GDNN-GDTX",
}
_FLOWERS = (
    "Hoa Mai|Hoa Sen|Sơn Ca|Vàng Anh|Ánh Dương|Tuổi Thơ|Họa Mi|Bình Minh|Hướng Dương|Hoa Hồng"
)
_PATRONS = (
    "Nguyễn Tri Phương|Lê Lợi|Quang Trung|Trần Quốc Toản|Nguyễn Du|Phan Bội Châu|Hai Bà Trưng"
    "|Nguyễn Huệ|Trần Hưng Đạo|Lê Quý Đôn|Ngô Quyền|Lý Thường Kiệt|Huyền Trân|Phan Chu Trinh"
    "|Đặng Trần Côn|Nguyễn Chí Diểu|Hàm Nghi|Thống Nhất|Chu Văn An|Nguyễn Trãi|Lương Thế Vinh"
)
_PRIVATE = {"MN": (8, 1), "TH": (40, 20), "THPT": (12, 5)}
"""Every n-th school of the level, counted from the second number, is private."""
_FOUNDED = (24, 10)
_BANKS = ("970436", "970418", "970405", "970422", "970407", "970416", "970432", "970403")
_SEVQR_BANK = "970415"
_TURNS = 20
_SHARER, _GUEST, _DOUBLE = 2, 3, 4
"""Of every twenty schools the third lets the fourth use its account, the fifth has two."""


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune or ward, with the short form used in the codes of its schools."""

    code: str
    short: str
    name: str
    urban: bool
    district: str | None


@dataclass(frozen=True, slots=True)
class SchoolPlan:
    """A school before its pupils are invented."""

    code: str
    name: str
    level: str
    ownership: str
    unit: str
    commune: str
    pupils: int

    def row(self) -> SchoolRow:
        """Give the school's line of the bundle."""
        return SchoolRow(self.code, self.name, self.level, self.ownership, self.unit)


def communes(count: int) -> list[Commune]:
    """List the first communes, at least six, so that both former districts are whole."""
    found: list[Commune] = []
    for place in _COMMUNES.split("|")[: max(count, _COMMUNES_MIN)]:
        kind, short, rest = place.split(" ", 2)
        name, _, district = rest.rpartition(" ")
        former = f"MAU-{district}" if district in {"477", "479"} else None
        name = name if former else rest
        found.append(Commune(f"MAU-46-{short}", short, name, kind == "P", former))
    return found


def unit_rows(places: Sequence[Commune]) -> Iterator[UnitRow]:
    """Yield the units: superiors before what they hold, the dissolved before their heirs."""
    name = "Thành phố Huế (dữ liệu mẫu)"
    yield UnitRow(PROVINCE, "province", name, None, "administrative", "1989-06-30", None, [])
    department = "Sở Giáo dục và Đào tạo Huế (dữ liệu mẫu)"
    yield _below(DEPARTMENT, "department", department, "1989-06-30")
    for code, district, since in _DISTRICTS:
        yield _below(code, "district", district, since, until="2025-06-30")
    for place in places:
        title = f"{'Phường' if place.urban else 'Xã'} {place.name}"
        succeeds = [place.district] if place.district else []
        yield _below(place.code, "commune", title, _MERGED, succeeds=succeeds)


def school_plans(*, schools: int, pupils_per_school: int, seed: int) -> list[SchoolPlan]:
    """Plan ``schools`` schools with ``schools * pupils_per_school`` pupils in all.

    Sizes follow the level, so a single school differs from the mean. The first is always
    the primary school of the tour.
    """
    places, levels = communes(schools), _level_sequence(schools)
    rng = seeded(seed, "sizes")
    weights = [_MEAN_PUPILS[level] * (75 + int(rng.random() * 51)) for level in levels]
    sizes = spread_whole(schools * pupils_per_school, weights)
    seen = dict.fromkeys(_LEVELS, 0)
    plans: list[SchoolPlan] = []
    for level, size in zip(levels, sizes, strict=True):
        nth = seen[level]
        seen[level] += 1
        plans.append(_plan(level, nth, places=places, pupils=size))
    return plans


def account_rows(plans: Sequence[SchoolPlan]) -> Iterator[AccountRow]:
    """Yield the receiving accounts: of every twenty schools two share one and one has two.

    The second school's bank wants the word SEVQR before the code. Numbers begin with 0000.
    """
    serial = 0
    for place, plan in enumerate(plans):
        turn = place % _TURNS
        if turn == _GUEST:
            continue
        shares = turn == _SHARER and place + 1 < len(plans)
        schools = [plan.code, plans[place + 1].code] if shares else [plan.code]
        for _ in range(2 if turn == _DOUBLE else 1):
            number = f"0000{serial:09d}" if serial else DEMO_ACCOUNT
            bank = _BANKS[serial % len(_BANKS)] if serial else DEMO_BANK
            prefix = "SEVQR" if place == 1 else None
            bank = _SEVQR_BANK if prefix else bank
            yield AccountRow(number, bank, bank_upper(plan.name), schools, memo_prefix=prefix)
            serial += 1


def spread_whole(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` things by ``weights`` into whole things that sum to ``total``."""
    bounds = list(accumulate(weights, initial=0))
    marks = [-(-total * bound // bounds[-1]) for bound in bounds]
    return [later - earlier for earlier, later in pairwise(marks)]


def _below(
    code: str,
    kind: str,
    name: str,
    since: str,
    *,
    until: str | None = None,
    succeeds: list[str] | None = None,
) -> UnitRow:
    return UnitRow(code, kind, name, PROVINCE, "administrative", since, until, succeeds or [])


def _level_sequence(schools: int) -> list[str]:
    """Deal the levels so that every beginning of the list is close to the profile."""
    whole = sum(_LEVELS.values())
    dealt = dict.fromkeys(_LEVELS, 0)
    levels: list[str] = []
    for turn in range(schools):
        level = (
            max(_LEVELS, key=lambda one: _LEVELS[one] * (turn + 1) - dealt[one] * whole)
            if turn
            else "TH"
        )
        dealt[level] += 1
        levels.append(level)
    return levels


def _plan(level: str, nth: int, *, places: Sequence[Commune], pupils: int) -> SchoolPlan:
    place, ordinal = places[nth % len(places)], nth // len(places) + 1
    ownership = _ownership(level, nth)
    word = _WORDS[level] if ownership == "public" else f"{_WORDS[level]} Tư thục"
    patrons = (_FLOWERS if level == "MN" else _PATRONS).split("|")
    if level in {"THPT", "GDTX", "TH&THCS"} and ordinal == 1:
        name = f"{word} {place.name}"
    elif (nth + ordinal) % 2 == 0 or ownership != "public":
        name = f"{word} {patrons[(11 * nth + 3 * ordinal) % len(patrons)]}"
    else:
        name = f"{word} Số {ordinal} {place.name}"
    code = f"{_CODES.get(level, level)}-{place.short}{ordinal}"
    unit = DEPARTMENT if level in {"THPT", "GDTX"} else place.code
    return SchoolPlan(code, name, level, ownership, unit, place.code, pupils)


def _ownership(level: str, nth: int) -> str:
    if level == "MN" and nth % _FOUNDED[0] == _FOUNDED[1]:
        return "people_founded"
    step, first = _PRIVATE.get(level, (1, -1))
    return "private" if nth % step == first else "public"
