"""Databases of their own for tests that need several, or one for a whole module."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from kernel.embedded import Server
from tests.database import TEMPLATE, TestDatabase


@asynccontextmanager
async def fresh_database(server: Server) -> AsyncGenerator[TestDatabase]:
    """Clone the template and drop the clone at the end."""
    made = TestDatabase(server, f"test_{uuid4().hex[:12]}")
    maintenance = await asyncpg.connect(server.url("postgres", "postgres"))
    await maintenance.execute(f"create database {made.name} template {TEMPLATE}")
    try:
        yield made
    finally:
        await made.close()
        await maintenance.execute(f"drop database {made.name} with (force)")
        await maintenance.close()
