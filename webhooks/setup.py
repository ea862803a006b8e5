"""Sets the doors up: bank connections bound to their accounts, endpoints that hear facts."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import Conflict, Invalid, NotFound
from kernel.sealing import seal
from reconciliation.reads_intake import accounts_by_number
from webhooks import reads, writes
from webhooks.banks.registry import adapter
from webhooks.targets.standard import parse_secret

PATH_BYTES = 16
SECRET_BYTES_MIN = 8
PROFILES = frozenset({"standard"})


class AccountUnknown(NotFound):
    """No receiving account has this number."""

    code = "account_unknown"


class AccountAmbiguous(Invalid):
    """Two banks have an account of this number; name the bank too: ``BIN:number``."""

    code = "account_ambiguous"


class EndpointKnown(Conflict):
    """An endpoint with this address exists."""

    code = "endpoint_known"


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What a new bank connection needs."""

    provider: str
    accounts: Sequence[str]
    secret: bytes
    options: Mapping[str, str]
    sandbox: bool


async def add_connection(
    tx: AsyncConnection, new: NewConnection, *, seal_key: bytes, actor: str, now: datetime
) -> str:
    """Make a bank connection; give the secret part of its path.

    Raises ProviderUnknown, AccountUnknown, AccountAmbiguous, Invalid for an option or a secret.
    """
    found = adapter(new.provider)
    _check_options(found.OPTIONS, new.options)
    if len(new.secret) < SECRET_BYTES_MIN:
        raise Invalid("a connection's secret has 8 bytes or more", field="secret", rule="length")
    account_ids = [await account_named(tx, each) for each in new.accounts]
    if not account_ids or len(set(account_ids)) != len(account_ids):
        raise Invalid("a connection names each of its accounts once", field="accounts", rule="once")
    public_id = secrets.token_urlsafe(PATH_BYTES)
    connection_id = await writes.add_connection(
        tx,
        {
            "public_id": public_id,
            "provider": new.provider,
            "sandbox": new.sandbox,
            "options": dict(new.options),
            "made_at": now,
        },
        account_ids,
        seal(new.secret, seal_key),
    )
    subject = f"connection:{connection_id}"
    for account_id in account_ids:
        deed = audit.Deed(actor, "connection_added", subject, now, account_id=account_id)
        await audit.record(tx, deed, provider=new.provider)
    return public_id


def _check_options(known: Mapping[str, frozenset[str]], given: Mapping[str, str]) -> None:
    for name, word in given.items():
        if name not in known:
            raise Invalid("the provider has no such option", field=name, rule="known option")
        if word not in known[name]:
            allowed = ", ".join(sorted(known[name]))
            raise Invalid(f"the option is one of {allowed}", field=name, rule="known word")


async def account_named(tx: AsyncConnection, named: str) -> int:
    """Find the one receiving account of a number, or of ``BIN:number``.

    Raises AccountUnknown, AccountAmbiguous.
    """
    bank_bin, _, number = named.rpartition(":")
    found = (await accounts_by_number(tx, [number], bank_bin=bank_bin or None)).get(number, [])
    if not found:
        raise AccountUnknown("no receiving account has this number", number=number[-4:])
    if len(found) > 1:
        raise AccountAmbiguous("accounts of several banks have this number", number=number[-4:])
    return found[0]


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What a new receiver of facts needs; ``secret`` is ``whsec_`` and base64."""

    url: str
    kind: str
    secret: str
    profile: str
    unit_id: int | None
    sandbox: bool


async def add_endpoint(
    tx: AsyncConnection, new: NewEndpoint, *, seal_key: bytes, actor: str, now: datetime
) -> int:
    """Make an endpoint; it hears what becomes true from now on.

    Raises EndpointKnown, Invalid for an address that is not http(s) or https-only outside a
    sandbox, SecretMalformed.
    """
    schemes = ("https://", "http://") if new.sandbox else ("https://",)
    if not new.url.startswith(schemes):
        raise Invalid("an endpoint's address begins with https://", field="url", rule="https")
    if new.profile not in PROFILES:
        raise Invalid("no such profile", field="profile", rule="known profile")
    endpoint_id = await writes.add_endpoint(
        tx,
        {
            "url": new.url,
            "kind": new.kind,
            "sealed": seal(parse_secret(new.secret), seal_key),
            "profile": new.profile,
            "unit_id": new.unit_id,
            "sandbox": new.sandbox,
            "seen_tx": await reads.current_tx(tx),
            "made_at": now,
        },
    )
    if endpoint_id is None:
        raise EndpointKnown("an endpoint with this address exists", field="url")
    await audit.record(tx, audit.Deed(actor, "endpoint_added", f"endpoint:{endpoint_id}", now))
    return endpoint_id
