"""One instance: its settings, its database logins, its keys. Everything that starts begins here."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from sqlalchemy.engine import URL, make_url

from kernel.clock import Clock, real_now, set_clock
from kernel.db import Database, Ringing
from kernel.embedded import attach
from kernel.errors import Unavailable
from kernel.migrate import logins_of, migrate, newest_version, version_of
from kernel.settings import SettingInvalid, Settings, read_settings
from payments.reference import CodeBook

API, WORKER, OPERATOR, OWNER = "hocphi", "hocphi_worker", "hocphi_operator", "hocphi_owner"


class SchemaOutdated(Unavailable):
    """The database has another shape than this code: run hocphi migrate."""

    code = "schema_outdated"


@dataclass(frozen=True, slots=True)
class Instance:
    """Settings, the four logins of the database, and the keys; secrets never show in a repr."""

    settings: Settings
    api_url: str = field(repr=False)
    worker_url: str = field(repr=False)
    operator_url: str = field(repr=False)
    owner_url: str = field(repr=False)

    @property
    def broker_url(self) -> str:
        """Where bells ring, for an API process: BROKER_URL, else the database."""
        return self.settings.broker_url or self.api_url

    @property
    def worker_broker_url(self) -> str:
        """Where bells ring, for a worker: BROKER_URL, else the database."""
        return self.settings.broker_url or self.worker_url

    @property
    def code_book(self) -> CodeBook:
        """The payment codes of this instance."""
        return CodeBook(prefix=self.settings.code_prefix, key=self.settings.key("code_key"))

    @property
    def page_key(self) -> bytes:
        """The key of the parents' links."""
        return self.settings.key("page_key")

    @property
    def seal_key(self) -> bytes:
        """The key that seals secrets in the database."""
        return self.settings.key("seal_key")

    @property
    def public_url(self) -> str:
        """The address that links show, without a slash at its end."""
        plain = self.settings.public_url or f"http://127.0.0.1:{self.settings.number('port')}"
        return plain.rstrip("/")

    def operator_db(self, *, ring: Ringing | None = None) -> Database:
        """Open the operator's login, for commands; without a ringer the sweeper finds the rows."""
        connect = partial(Database.connect, self.operator_url, pool_size=4)
        return connect() if ring is None else connect(ring=ring)

    def api_db(self, *, ring: Ringing) -> Database:
        """Open the API's login."""
        return Database.connect(self.api_url, ring=ring, pool_size=8)

    def worker_db(self, *, ring: Ringing) -> Database:
        """Open the workers' login."""
        return Database.connect(self.worker_url, ring=ring, pool_size=8)


def start_clock(settings: Settings) -> None:
    """Set the one clock of this process from HOCPHI_CLOCK.

    A clock that runs is shared: the moment it was set is handed down in HOCPHI_CLOCK_SET_AT.
    """
    if not settings.clock:
        return
    now = real_now()
    handed = os.environ.setdefault("HOCPHI_CLOCK_SET_AT", now.isoformat())
    try:
        set_clock(Clock.parse(settings.clock, set_at=now.fromisoformat(handed)))
    except ValueError as cause:
        raise SettingInvalid(str(cause), setting="clock") from cause


@contextmanager
def open_instance(*, migrated: bool = True) -> Generator[Instance]:
    """Open the instance that the environment names; embedded unless DATABASE_URL is set.

    The embedded database is brought to today's shape at once; another one must have it:
    raises SchemaOutdated (with ``migrated=False`` it is not looked at).
    """
    settings = read_settings()
    start_clock(settings)
    if not settings.database_url:
        with attach(settings.home_folder) as server:
            urls = [server.url(name, "hocphi") for name in (API, WORKER, OPERATOR, OWNER)]
            instance = Instance(settings, *urls)
            if version_of(instance.owner_url) != newest_version():
                bring_up(instance)
            yield instance
        return
    instance = external(settings)
    if migrated:
        check_version(instance)
    yield instance


def external(settings: Settings) -> Instance:
    """Name the logins of a database that is not ours to start."""
    api = make_url(settings.database_url)
    return Instance(
        settings,
        api_url=_plain(api),
        worker_url=settings.worker_database_url or _beside(api, "_worker"),
        operator_url=settings.operator_database_url or _beside(api, "_operator"),
        owner_url=settings.migrate_database_url,
    )


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _beside(url: URL, ending: str) -> str:
    return _plain(url.set(username=f"{url.username or ''}{ending}"))


def bring_up(instance: Instance) -> None:
    """Migrate the instance's database and give its logins their roles; needs the owner."""
    if not instance.owner_url:
        raise SettingInvalid("MIGRATE_DATABASE_URL names the owner of the tables", setting="x")
    logins = logins_of(
        make_url(instance.api_url), make_url(instance.worker_url), make_url(instance.operator_url)
    )
    migrate(instance.owner_url, logins)


def check_version(instance: Instance) -> None:
    """Refuse to go on with a database of another shape; raises SchemaOutdated, Unavailable."""
    url = instance.owner_url or instance.api_url
    try:
        found = version_of(url)
    except psycopg.errors.InsufficientPrivilege:
        return  # this login may not look; the first statement will tell
    except psycopg.OperationalError as cause:
        raise Unavailable(f"the database does not answer: {cause}".splitlines()[0]) from cause
    if found != newest_version():
        raise SchemaOutdated("the database has another shape than this code: run hocphi migrate")
