"""Every setting of the program, read once from the environment or .env, and only here."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from kernel.errors import Invalid

CHECKOUT = Path(__file__).resolve().parent.parent
_KEY_BYTES = 32


class SettingInvalid(Invalid):
    """A setting has a value that it cannot have."""

    code = "setting_invalid"


def _setting(variable: str, default: str, meaning: str) -> str:
    return field(default=default, metadata={"variable": variable, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, all text as given; properties give them their type."""

    home: str = _setting(
        "HOCPHI_HOME", ".hocphi", "folder of everything the embedded default keeps"
    )
    database_url: str = _setting(
        "DATABASE_URL", "", "login of the API (NOINHERIT); empty = embedded PostgreSQL"
    )
    worker_database_url: str = _setting(
        "WORKER_DATABASE_URL", "", "login of the workers; empty = <api login>_worker"
    )
    operator_database_url: str = _setting(
        "OPERATOR_DATABASE_URL", "", "login of the commands; empty = <api login>_operator"
    )
    migrate_database_url: str = _setting(
        "MIGRATE_DATABASE_URL", "", "owner of the tables, used by migrate only"
    )
    broker_url: str = _setting(
        "BROKER_URL", "", "where bells ring: postgresql://, amqp://, redis://; empty = the database"
    )
    base_url: str = _setting(
        "HOCPHI_BASE_URL", "", "the running service, for pay; empty = the run file in HOCPHI_HOME"
    )
    public_url: str = _setting(
        "HOCPHI_PUBLIC_URL", "", "address that links and pages show; empty = where it listens"
    )
    mode: str = _setting("HOCPHI_MODE", "live", "live or sandbox")
    clock: str = _setting(
        "HOCPHI_CLOCK", "", "sandbox only: 2026-11-22T08:00:00+07:00[@speed] sets the one clock"
    )
    code_key: str = _setting(
        "HOCPHI_CODE_KEY", "", "hex key of the payment codes; made once and kept in HOCPHI_HOME"
    )
    code_prefix: str = _setting("HOCPHI_CODE_PREFIX", "HPX", "2-5 letters before a payment code")
    page_key: str = _setting(
        "HOCPHI_PAGE_KEY", "", "hex key of the parents' links; made once and kept in HOCPHI_HOME"
    )
    seal_key: str = _setting(
        "HOCPHI_SEAL_KEY",
        "",
        "hex keys, newest first, that seal secrets in the database; kept in HOCPHI_HOME",
    )
    port: str = _setting("HOCPHI_PORT", "8080", "port of the API and pages")
    metrics_port: str = _setting("HOCPHI_METRICS_PORT", "", "port of /metrics; empty = port + 1000")
    api_processes: str = _setting("HOCPHI_API_PROCESSES", "2", "API processes of up and serve")
    worker_processes: str = _setting("HOCPHI_WORKER_PROCESSES", "1", "worker processes of up")
    log_level: str = _setting("HOCPHI_LOG_LEVEL", "info", "debug, info, warning or error")

    @property
    def home_folder(self) -> Path:
        """The folder HOCPHI_HOME, relative ones beside the checkout."""
        return (CHECKOUT / self.home).resolve()

    @property
    def sandbox(self) -> bool:
        """Whether this instance plays: its money is not real."""
        return self.mode == "sandbox"

    def number(self, name: str) -> int:
        """Read a whole-number setting; raises SettingInvalid naming the variable."""
        text = str(getattr(self, name))
        if not (text.isascii() and text.isdigit()):
            raise SettingInvalid(f"{variable_of(name)} is a whole number", setting=name)
        return int(text)

    def key(self, name: str) -> bytes:
        """Give a key: from the environment, else from HOCPHI_HOME, made on first need (0600)."""
        text = str(getattr(self, name)) or kept_key(self.home_folder / "keys" / name)
        first = text.split(",")[0].strip()
        try:
            key = bytes.fromhex(first)
        except ValueError:
            key = b""
        if len(key) < _KEY_BYTES // 2:
            raise SettingInvalid(f"{variable_of(name)} is hex of 16 bytes or more", setting=name)
        return key


def variable_of(name: str) -> str:
    """Name the environment variable of a field of Settings."""
    return next(str(each.metadata["variable"]) for each in fields(Settings) if each.name == name)


def settings_table() -> list[tuple[str, str, str]]:
    """List (variable, default, meaning) of every setting, for ``hocphi settings`` and the docs."""
    return [
        (str(each.metadata["variable"]), str(each.default), str(each.metadata["meaning"]))
        for each in fields(Settings)
    ]


def kept_key(path: Path) -> str:
    """Read a key file, or make it with a fresh random key that only the owner can read."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(_KEY_BYTES).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())  # a code printed from a lost key could never be read again
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass  # another process made it at the same moment: theirs counts
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``.env`` and over it the environment; raises SettingInvalid."""
    given = os.environ if environment is None else environment
    known = _dotenv(CHECKOUT / ".env") | dict(given)
    values = {
        each.name: known[str(each.metadata["variable"])]
        for each in fields(Settings)
        if str(each.metadata["variable"]) in known
    }
    settings = Settings(**values)
    if settings.mode not in {"live", "sandbox"}:
        raise SettingInvalid("HOCPHI_MODE is live or sandbox", setting="mode")
    if settings.clock and not settings.sandbox:
        raise SettingInvalid("HOCPHI_CLOCK needs HOCPHI_MODE=sandbox", setting="clock")
    return settings


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}
