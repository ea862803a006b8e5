"""The classes, pupils and families of one sample school after the other.

Keeps only a bounded pool of families for siblings, never all pupils. Phones (0000...) reach
nobody, e-mail addresses end in ``.invalid``. Never a real person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from service.synthetic_names import LONG_NAME, Person, person
from service.synthetic_rows import ClassRow, GuardianRow, StudentRow
from service.synthetic_units import DEMO_SCHOOL, SchoolPlan, spread_whole

DEMO_PUPIL = "Nguyễn Hoàng Minh An"
DEMO_GRADE = "3"
CODES, CODE_STEP = 10**8, 61_803_399
PHONES, PHONE_STEP = 999_999, 100_003
"""A step without a divisor in common with its range meets every number before it repeats one."""

_GRADES: dict[str, dict[str, int]] = {
    "MN": {"NT": 2, "MAM": 3, "CHOI": 4, "LA": 5},
    "TH": {str(grade): grade + 5 for grade in range(1, 6)},
    "THCS": {str(grade): grade + 5 for grade in range(6, 10)},
    "THPT": {str(grade): grade + 5 for grade in range(10, 13)},
    "TH&THCS": {str(grade): grade + 5 for grade in range(1, 10)},
    "GDTX": {str(grade): grade + 5 for grade in range(10, 13)},
}
"""Age of each grade in the calendar year in which the school year begins."""
_PRESCHOOL = {"NT": "Nhà trẻ", "MAM": "Mầm", "CHOI": "Chồi", "LA": "Lá"}
_CLASS_MAX = {"MN": 25, "TH": 35}
_OLDER_CLASS_MAX = 42
_JOINS = 0.095
"""Share of pupils who join an earlier family: near 18 % then have a brother or sister."""
_THIRD_CHILD = 0.2
_NEXT_SCHOOL = 0.5
_POOL_MAX = 200
_MOTHER_ALONE, _WITH_MOTHER = 0.55, 0.75
_NO_PHONE, _E_MAIL = 0.03, 0.1
_GIRLS = 0.49
_MOVED_IN, _LEFT = 0.02, 0.005
_NO_BIRTH_DATE, _NO_MOET_CODE = 0.01, 0.05
_SLASHED = 0.3
_LETTERS = 26
_TWINS = (2, 3)
"""The third and fourth pupil of each school's first class bear one name."""


@dataclass(frozen=True, slots=True)
class Family:
    """The surname the children bear and their guardians."""

    surname: str
    guardians: list[GuardianRow]


_DEMO_FAMILY = Family("Nguyễn", [GuardianRow("Nguyễn Hoàng Long", "0000000000", None)])


@dataclass(slots=True)
class Families:
    """Families still open to another child, by school and by commune, and the running numbers."""

    seed: int
    pupils: int = 0
    guardians: int = 0
    here: list[Family] = field(default_factory=list[Family])
    places: dict[str, list[Family]] = field(default_factory=dict[str, list[Family]])

    def pupil_code(self, rng: Random) -> str:
        """Give the next pupil code, ten digits; some pupils began in a province coded 01."""
        number = (self.pupils * CODE_STEP + 1) % CODES
        self.pupils += 1
        return f"{'01' if rng.random() < _MOVED_IN and self.pupils > 1 else '46'}{number:08d}"

    def start(self, rng: Random, surname: str) -> Family:
        """Invent a family with one or two guardians, nearly all with a phone."""
        draw = rng.random()
        mother = [self._guardian(rng, person(rng, female=True))] if draw < _WITH_MOTHER else []
        if draw < _MOTHER_ALONE:
            return Family(surname, mother)
        return Family(
            surname, [*mother, self._guardian(rng, person(rng, female=False, surname=surname))]
        )

    def join(self, rng: Random, commune: str) -> Family | None:
        """Take a family with a child in another class here or in another school near by."""
        away = self.places.get(commune)
        pool = away if away and rng.random() < _NEXT_SCHOOL else self.here or away
        if not pool:
            return None
        place = int(rng.random() * len(pool))
        family = pool[place]
        pool[place] = pool[-1]
        pool.pop()
        return family

    def keep(self, families: Sequence[Family]) -> None:
        """Open the families of a finished class to children of later classes."""
        self.here.extend(families)
        del self.here[:-_POOL_MAX]

    def leave(self, commune: str) -> None:
        """Close a school: some of its families have children in later schools of the commune."""
        pool = self.places.setdefault(commune, [])
        pool.extend(self.here)
        del pool[:-_POOL_MAX]
        self.here.clear()

    def _guardian(self, rng: Random, adult: Person) -> GuardianRow:
        self.guardians += 1
        number = (self.guardians * PHONE_STEP + self.seed) % PHONES + 1
        reachable = rng.random() >= _NO_PHONE and self.guardians <= PHONES
        mail = f"phuhuynh{number}@example.invalid" if rng.random() < _E_MAIL else None
        return GuardianRow(adult.name, f"0000{number:06d}" if reachable else None, mail)


def classes_of(
    plan: SchoolPlan, rng: Random, families: Families, *, year: int
) -> Iterator[tuple[ClassRow, list[StudentRow]]]:
    """Yield the classes of one school with their pupils, year by year of age.

    The school of the tour begins with class 3A, and that with the pupil of the tour.
    """
    grades = list(_GRADES[plan.level])
    if plan.code == DEMO_SCHOOL:
        grades.sort(key=lambda grade: grade != DEMO_GRADE)
    slashed = plan.code != DEMO_SCHOOL and rng.random() < _SLASHED
    most = _CLASS_MAX.get(plan.level, _OLDER_CLASS_MAX)
    order = 0
    for grade, size in zip(grades, spread_whole(plan.pupils, [1] * len(grades)), strict=True):
        count = -(-size // most)
        for ordinal, pupils in enumerate(spread_whole(size, [1] * count) if count else [], 1):
            row = _class_row(plan, grade, ordinal, slashed=slashed, year=year)
            yield row, _students(plan, row, rng, families, size=pupils, order=order)
            order += 1
    families.leave(plan.commune)


def _class_row(plan: SchoolPlan, grade: str, ordinal: int, *, slashed: bool, year: int) -> ClassRow:
    letter = chr(64 + ordinal) if ordinal <= _LETTERS else f"Z{ordinal}"
    if plan.level == "MN":
        name, suffix = f"{_PRESCHOOL[grade]} {ordinal}", f"{grade}{ordinal}"
    elif slashed:
        sign = "." if plan.level == "THPT" else "/"
        name, suffix = f"{grade}{sign}{ordinal}", f"{grade}.{ordinal}"
    elif plan.level in {"TH", "TH&THCS"}:
        name = suffix = f"{grade}{letter}"
    else:
        name = suffix = f"{grade}A{ordinal}"
    return ClassRow(f"{plan.code}-{suffix}", plan.code, f"{year}-{year + 1}", grade, name)


def _students(
    plan: SchoolPlan,
    school_class: ClassRow,
    rng: Random,
    families: Families,
    *,
    size: int,
    order: int,
) -> list[StudentRow]:
    """Draw one class; ``order`` counts the school's classes from 0."""
    students: list[StudentRow] = []
    opened: list[Family] = []
    twin: Person | None = None
    for place in range(size):
        known = families.join(rng, plan.commune) if rng.random() < _JOINS else None
        child = person(rng, female=rng.random() < _GIRLS, surname=known and known.surname)
        if order == 0 and place == _TWINS[0]:
            twin = child
        elif twin is not None and place == _TWINS[1]:
            child, known = twin, None
        if plan.code == DEMO_SCHOOL and order <= 1:
            child, known = _cast(child, known, order=order, place=place)
        family = known or families.start(rng, child.surname)
        if known is None or (known is not _DEMO_FAMILY and rng.random() < _THIRD_CHILD):
            opened.append(family)
        code = families.pupil_code(rng)
        age = _GRADES[plan.level][school_class.grade]
        students.append(_student(school_class, rng, code, child, family=family, age=age))
    families.keep(opened)
    return students


def _student(
    school_class: ClassRow, rng: Random, code: str, child: Person, *, family: Family, age: int
) -> StudentRow:
    born = int(school_class.school_year[:4]) - age
    birth = f"{born}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}"
    staying = child.name in {DEMO_PUPIL, LONG_NAME} or rng.random() >= _LEFT
    return StudentRow(
        code=code,
        school=school_class.school,
        school_class=school_class.code,
        name=child.name,
        birth_date=birth if rng.random() >= _NO_BIRTH_DATE else None,
        moet_code=code if rng.random() >= _NO_MOET_CODE else None,
        status="studying" if staying else "transferred",
        virtual_account=None,
        guardians=family.guardians,
    )


def _cast(
    child: Person, known: Family | None, *, order: int, place: int
) -> tuple[Person, Family | None]:
    """Put the people of the tour in their places: An, the long name, a namesake, a brother."""
    match order, place:
        case 0, 0:
            return Person("Nguyễn", DEMO_PUPIL, female=True), _DEMO_FAMILY
        case 0, 1:
            return Person("Công Tằng Tôn Nữ", LONG_NAME, female=True), None
        case 1, 0:
            return Person("Nguyễn", DEMO_PUPIL, female=True), None
        case 1, 1:
            return Person("Nguyễn", "Nguyễn Hoàng Gia Huy", female=False), _DEMO_FAMILY
        case _:
            return child, known
