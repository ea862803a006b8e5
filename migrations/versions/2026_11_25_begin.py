"""Begin: every table, role, grant and policy of the first release.

Revision ID: 2026_11_25_begin
Revises:
"""

from collections.abc import Iterator
from pathlib import Path

from alembic import op
from dramatiq_postgres.schema import generate_init_sql

from migrations.policies import ALSO_WRITTEN, APPEND_ONLY, BOUNDED, FUNCTIONS, ROLES, UNBOUNDED

revision = "2026_11_25_begin"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"
ROLE_LOCK = 727_700


def roles() -> Iterator[str]:
    """Make the roles without login; they belong to the cluster and outlive one database."""
    yield f"select pg_advisory_xact_lock({ROLE_LOCK})"
    for role in ROLES:
        yield (
            f"do $$ begin if not exists (select from pg_roles where rolname = 'hocphi_{role}')"
            f" then create role hocphi_{role} nologin noinherit; end if; end $$"
        )


def grants_of(table: str, role: str, verbs: str) -> Iterator[str]:
    yield f"grant {verbs} on {table} to hocphi_{role}"


def policies() -> Iterator[str]:
    for table, bounded in BOUNDED.items():
        yield f"alter table {table} enable row level security"
        yield f"alter table {table} force row level security"
        for role, (verbs, bound) in bounded.items():
            yield from grants_of(table, role, verbs)
            also = ALSO_WRITTEN.get(table, {}).get(role)
            written = f"{bound} and {also}" if also else bound
            yield (
                f"create policy {role}_bound on {table} for all to hocphi_{role}"
                f" using ({bound}) with check ({written})"
            )
    for table, unbounded in UNBOUNDED.items():
        for role, verbs in unbounded.items():
            yield from grants_of(table, role, verbs)
    yield (
        "create trigger mirrors before insert on transfer for each row"
        " when (new.reverses_id is not null) execute function app.refuse_odd_reversal()"
    )
    for table in APPEND_ONLY:
        yield (
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function app.refuse_change()"
        )


def linker() -> Iterator[str]:
    """Hand the fixed functions to a role that sees link rows only."""
    yield (
        "do $$ begin if not pg_has_role(current_user, 'hocphi_linker', 'USAGE') then"
        " execute format('grant hocphi_linker to %I', current_user); end if; end $$"
    )
    yield "grant usage on schema public to hocphi_linker"
    yield "grant create, usage on schema link to hocphi_linker"
    for function, callers in FUNCTIONS.items():
        yield f"revoke all on function {function} from public"
        for role in callers:
            yield f"grant execute on function {function} to hocphi_{role}"
        yield f"alter function {function} owner to hocphi_linker"
    yield "revoke create on schema link from hocphi_linker"


def staging_and_queue() -> Iterator[str]:
    yield "grant usage on schema staging to hocphi_loader"
    yield (
        "grant select, insert, update, delete, truncate on all tables in schema staging"
        " to hocphi_loader"
    )
    yield "grant usage on schema dramatiq to hocphi_queue"
    yield "grant select, insert, update, delete on all tables in schema dramatiq to hocphi_queue"


def upgrade() -> None:
    op.execute("set local lock_timeout = '4s'")
    for statement in roles():
        op.execute(statement)
    op.execute("revoke create on schema public from public")
    for part in ("tables", "functions", "staging"):
        op.execute((SQL / f"2026_11_25_{part}.sql").read_text(encoding="utf-8"))
    op.execute(generate_init_sql())
    op.execute("insert into code_counter default values")
    op.execute(
        "insert into rate_watermark (name, seen_tx, seen_id, as_of)"
        " values ('transfers', '0', 0, '2000-01-01T00:00:00Z')"
    )
    for statement in (*policies(), *linker(), *staging_and_queue()):
        op.execute(statement)


def downgrade() -> None:
    op.execute("set local lock_timeout = '4s'")
    for schema in ("dramatiq", "staging", "link", "app"):
        op.execute(f"drop schema {schema} cascade")
    tables = ", ".join([*BOUNDED, *UNBOUNDED])
    op.execute(f"drop table {tables} cascade")
