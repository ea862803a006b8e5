"""People who sign in: their roles and where these hold. An operator's deed, never a page's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import Invalid
from service import reads_people, writes_people

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,62}")
NAME_MAX = 200


class Role(StrEnum):
    """What a person may do; where, their grants say."""

    ACCOUNTANT = "accountant"
    OFFICER = "officer"
    OPERATOR = "operator"


class PersonUnfit(Invalid):
    """A person's login, name, role or places do not fit; the fact is ``field``."""

    code = "person_unfit"


class PlaceUnknown(Invalid):
    """No school or unit has this code; the facts are ``field`` and ``codes``."""

    code = "place_unknown"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person and one role: an accountant of schools, an officer of units, or an operator."""

    login: str
    name: str
    role: Role
    schools: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddedPerson:
    """What became of it: ``granted`` counts the grants that are new."""

    user_id: int
    is_new: bool
    granted: int


@dataclass(frozen=True, slots=True)
class Places:
    """Where a role holds: ids of schools or of units, neither for an operator."""

    schools: tuple[int, ...]
    units: tuple[int, ...]

    @property
    def pairs(self) -> Sequence[tuple[int | None, int | None]]:
        """One (school, unit) a grant; a role without a place is one grant too."""
        pairs = [*((each, None) for each in self.schools), *((None, each) for each in self.units)]
        return pairs or [(None, None)]


def login_of(typed: str) -> str | None:
    """Give the login that a person means by what they typed; None if it can be nobody's."""
    login = typed.strip().lower()
    return login if _LOGIN.fullmatch(login) else None


def check_person(new: NewPerson) -> str:
    """Give the login of a person who fits the rules; raises PersonUnfit."""
    login = login_of(new.login)
    if login is None:
        raise PersonUnfit("a login is 2 to 63 of a-z 0-9 . _ @ -", field="login")
    if not 0 < len(new.name.strip()) <= NAME_MAX or not new.name.isprintable():
        raise PersonUnfit(f"a name is one line of 1 to {NAME_MAX} characters", field="name")
    places = (bool(new.schools), bool(new.units))
    wanted = (new.role is Role.ACCOUNTANT, new.role is Role.OFFICER)
    if places != wanted:
        raise PersonUnfit(
            "an accountant has schools, an officer has units, an operator has neither",
            field="role",
        )
    return login


async def add_person(
    tx: AsyncConnection,
    new: NewPerson,
    *,
    password_hash: str | None,
    actor: str,
    now: datetime,
) -> AddedPerson:
    """Add a person with a role, or the role to a person who is known (role loader).

    A known person keeps name and password; then ``password_hash`` may be None. Raises
    PersonUnfit, PlaceUnknown; then nothing was written.
    """
    login = check_person(new)
    places = await find_places(tx, new)
    is_new = False
    if password_hash is not None:
        is_new = await writes_people.add_user(tx, login, new.name.strip(), password_hash, now)
    user_id = await reads_people.locked_user(tx, login)
    if user_id is None:
        raise PersonUnfit("a new person needs a password", field="password")
    granted = await writes_people.add_grants(tx, user_id, new.role, places.pairs)
    if is_new or granted:
        word = "person_added" if is_new else "person_granted"
        deed = audit.Deed(actor, word, f"user:{user_id}", now)
        facts = {"schools": list(places.schools), "units": list(places.units)}
        await audit.record(tx, deed, role=new.role.value, **facts)
    return AddedPerson(user_id, is_new, granted)


async def find_places(tx: AsyncConnection, new: NewPerson) -> Places:
    """Find the schools and units of a new role by their codes; raises PlaceUnknown."""
    schools = await reads_people.schools_by_code(tx, new.schools)
    units = await reads_people.units_by_code(tx, new.units)
    for kind, wanted, found in (("school", new.schools, schools), ("unit", new.units, units)):
        missing = sorted(set(wanted) - set(found))
        if missing:
            raise PlaceUnknown(f"no {kind} has this code", field=kind, codes=missing)
    return Places(tuple(sorted(schools.values())), tuple(sorted(units.values())))
