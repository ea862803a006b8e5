"""The one clock. Inside: aware UTC. At the rim: Vietnam. In a sandbox it can be set and sped up."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_SETTING = re.compile(r"(?P<start>[^@]+?)(?:@(?P<speed>[0-9]+(?:\.[0-9]+)?))?")


def real_now() -> datetime:
    """Tell the machine's time, aware UTC; for time-outs, signatures and nothing else."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that shows ``start`` at the real moment ``set_at`` and then runs at ``speed``."""

    start: datetime | None = None
    set_at: datetime | None = None
    speed: float = 1.0

    @classmethod
    def parse(cls, setting: str, *, set_at: datetime) -> Self:
        """Read ``2026-11-22T08:00:00+07:00[@speed]``; raises ValueError without an offset."""
        found = _SETTING.fullmatch(setting.strip())
        if found is None:
            message = "HOCPHI_CLOCK is a time with offset, and perhaps @speed"
            raise ValueError(message)
        start = datetime.fromisoformat(found["start"])
        if start.tzinfo is None:
            message = "HOCPHI_CLOCK needs an offset such as +07:00"
            raise ValueError(message)
        return cls(start.astimezone(UTC), set_at, float(found["speed"] or 1))

    def now(self) -> datetime:
        """Tell this clock's time, aware UTC."""
        if self.start is None or self.set_at is None:
            return real_now()
        return self.start + (real_now() - self.set_at) * self.speed


_clock = Clock()


def set_clock(clock: Clock) -> None:
    """Install the process's clock, once, at start (sandbox mode only)."""
    global _clock  # noqa: PLW0603  one clock per process, set by service at start
    _clock = clock


def utc_now() -> datetime:
    """Tell the time of the one clock; called in routes, jobs, sweeper and cli only."""
    return _clock.now()


def vietnam_date(moment: datetime) -> date:
    """Give the Vietnamese calendar day of an aware moment: 17:00 UTC on the 4th is the 5th."""
    return moment.astimezone(VIETNAM).date()


def month_of(day: date) -> date:
    """Give the first day of the month of ``day``."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Give the first day of the month after ``month``."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
