"""A real PostgreSQL for tests: one embedded server a run, one cloned database a test."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from kernel.db import Database, Ringing
from kernel.embedded import Server, attach
from kernel.migrate import logins_of, migrate

TEMPLATE = "hocphi_template"


@dataclass(slots=True)
class TestDatabase:
    """One database of its own, with a connection for every login that a test asks for."""

    __test__ = False

    server: Server
    name: str
    rung: list[frozenset[str]] = field(default_factory=list)
    _open: list[Database] = field(default_factory=list)

    def url(self, login: str) -> str:
        return self.server.url(login, self.name)

    def _connect(self, login: str, ring: Ringing | None = None, pool_size: int = 8) -> Database:
        database = Database.connect(
            self.url(login), ring=ring or self.rung.append, pool_size=pool_size
        )
        self._open.append(database)
        return database

    def api(self, ring: Ringing | None = None) -> Database:
        return self._connect("hocphi", ring)

    def worker(self, ring: Ringing | None = None) -> Database:
        return self._connect("hocphi_worker", ring)

    def operator(self, ring: Ringing | None = None) -> Database:
        return self._connect("hocphi_operator", ring)

    @asynccontextmanager
    async def superuser(self) -> AsyncGenerator[Any]:
        """A connection above every policy, to plant and to look; never the way of the product."""
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            yield connection
        finally:
            await connection.close()

    async def close(self) -> None:
        for database in self._open:
            await database.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    home: Path = tmp_path_factory.mktemp("home")
    with attach(home) as attached:
        urls = [make_url(attached.url(login, TEMPLATE)) for login in
                ("hocphi", "hocphi_worker", "hocphi_operator")]  # fmt: skip
        with psycopg.connect(attached.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {TEMPLATE} owner hocphi_owner")
        migrate(attached.url("hocphi_owner", TEMPLATE), logins_of(*urls))
        yield attached


@pytest_asyncio.fixture
async def database(server: Server) -> AsyncGenerator[TestDatabase]:
    made = TestDatabase(server, f"test_{uuid4().hex[:12]}")
    maintenance = await asyncpg.connect(server.url("postgres", "postgres"))
    await maintenance.execute(f"create database {made.name} template {TEMPLATE}")
    try:
        yield made
    finally:
        await made.close()
        await maintenance.execute(f"drop database {made.name} with (force)")
        await maintenance.close()
