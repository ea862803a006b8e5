"""Scopes: who may see which rows. A scope is a database role and the ids it is bounded to.

Ids of schools and accounts are plain numbers here. There is no scope for "all rows by default":
without one there is no transaction, and a role without its ids sees nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

ROLES = (
    "desk",
    "parent",
    "door",
    "settler",
    "pusher",
    "reports",
    "folder",
    "sweeper",
    "loader",
    "auditor",
    "signin",
)
"""The roles without login; in the database each is called ``hocphi_<name>``."""

API_ROLES = ("desk", "parent", "door", "reports", "signin")
"""Roles an API process may take; it can never take the workers'."""

WORKER_ROLES = ("settler", "pusher", "folder", "sweeper")


def _ids(ids: Sequence[int]) -> str:
    return ",".join(str(int(each)) for each in ids)


@dataclass(frozen=True, slots=True)
class Scope:
    """What every scope has: a role, and the ``app.*`` settings that bound it."""

    role: ClassVar[str] = ""

    def bounds(self) -> dict[str, str]:
        """Give the transaction-local settings that the policies read."""
        return {}


@dataclass(frozen=True, slots=True)
class Desk(Scope):
    """A person at a school's desk: the schools and receiving accounts granted to them."""

    schools: tuple[int, ...]
    accounts: tuple[int, ...] = ()
    role: ClassVar[str] = "desk"

    def bounds(self) -> dict[str, str]:
        """Bound to the granted schools and accounts."""
        return {"schools": _ids(self.schools), "accounts": _ids(self.accounts)}


@dataclass(frozen=True, slots=True)
class Parent(Scope):
    """The holder of a link: some pupils of some schools and the accounts they pay into."""

    schools: tuple[int, ...]
    students: tuple[int, ...]
    accounts: tuple[int, ...]
    role: ClassVar[str] = "parent"

    def bounds(self) -> dict[str, str]:
        """Bound to the pupils of the link."""
        return {
            "schools": _ids(self.schools),
            "students": _ids(self.students),
            "accounts": _ids(self.accounts),
        }


@dataclass(frozen=True, slots=True)
class Door(Scope):
    """The bank door: may add deliveries and credits of these connections and accounts."""

    connections: tuple[int, ...]
    accounts: tuple[int, ...]
    role: ClassVar[str] = "door"

    def bounds(self) -> dict[str, str]:
        """Bound to the connections of one batch and their accounts."""
        return {"connections": _ids(self.connections), "accounts": _ids(self.accounts)}


@dataclass(frozen=True, slots=True)
class Settler(Scope):
    """The job that settles: some receiving accounts and the schools they serve."""

    accounts: tuple[int, ...]
    schools: tuple[int, ...]
    role: ClassVar[str] = "settler"

    def bounds(self) -> dict[str, str]:
        """Bound to the accounts and the schools they serve."""
        return {"accounts": _ids(self.accounts), "schools": _ids(self.schools)}


@dataclass(frozen=True, slots=True)
class Pusher(Scope):
    """The job that tells others: facts, endpoints, pushes; no pupil's name, no money row."""

    role: ClassVar[str] = "pusher"

    def bounds(self) -> dict[str, str]:
        """Reach over all schools, within the few tables of its role."""
        return {"wide": "on"}


@dataclass(frozen=True, slots=True)
class Sweeper(Scope):
    """The sweeper: sees that rows wait, and nothing of what they say."""

    role: ClassVar[str] = "sweeper"

    def bounds(self) -> dict[str, str]:
        """Reach over all schools, within the key columns of its role."""
        return {"wide": "on"}


@dataclass(frozen=True, slots=True)
class Folder(Scope):
    """The job that folds transfers into monthly sums; reads amounts and months only."""

    role: ClassVar[str] = "folder"

    def bounds(self) -> dict[str, str]:
        """Reach over all schools, within the columns of its role."""
        return {"wide": "on"}


@dataclass(frozen=True, slots=True)
class Reports(Scope):
    """A reader of rates: the schools below the units granted to them."""

    schools: tuple[int, ...]
    role: ClassVar[str] = "reports"

    def bounds(self) -> dict[str, str]:
        """Bound to the schools below the granted units."""
        return {"schools": _ids(self.schools)}


@dataclass(frozen=True, slots=True)
class Loader(Scope):
    """An operator's load: writes staging and publishes from it, whatever the school."""

    role: ClassVar[str] = "loader"

    def bounds(self) -> dict[str, str]:
        """Reach over all schools, within what a load may write."""
        return {"wide": "on"}


@dataclass(frozen=True, slots=True)
class Auditor(Scope):
    """An operator's look: reads every row, writes none."""

    role: ClassVar[str] = "auditor"

    def bounds(self) -> dict[str, str]:
        """Reach over all schools, reading only."""
        return {"wide": "on"}


@dataclass(frozen=True, slots=True)
class SignIn(Scope):
    """Sign-in and link look-ups: fixed functions over rows that have no tenant."""

    role: ClassVar[str] = "signin"
