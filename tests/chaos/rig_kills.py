"""Finds the processes of one running instance in /proc and kills them by their ids, no others."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from kernel.cluster import read_place
from kernel.keeper import cluster_name, processes_of


class Victim(StrEnum):
    """What a strike kills."""

    WORKER = "worker"
    API = "api"
    POSTGRES = "postgres"
    POSTMASTER = "postmaster"
    """The parent of the database alone: its sessions must end by themselves."""


def children_of(parent: int) -> dict[int, str]:
    """List the living children of a process: id -> command line, oldest first."""
    found: list[tuple[int, int, str]] = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            facts = (each / "stat").read_text().rpartition(")")[2].split()
            words = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if int(facts[1]) == parent and facts[0] != "Z":
            found.append((int(facts[19]), int(each.name), words.strip()))
    return {pid: words for _, pid, words in sorted(found)}


def child_of(parent: int, role: str) -> int | None:
    """Find the child of ``hocphi up`` that has played ``role`` longest, if there is one."""
    named = [pid for pid, words in children_of(parent).items() if f"service.child_{role}" in words]
    return named[0] if named else None


def postgres_of(home: Path) -> tuple[int | None, set[int]]:
    """Find postmaster and sessions of the home's own cluster."""
    place = read_place(home)
    if place is None:
        return None, set()
    living = processes_of(cluster_name(place))
    try:
        postmaster = int((place.files / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None, living
    return (postmaster if postmaster in living else None), living


def kill(victim: Victim, parent: int, home: Path) -> bool:
    """Kill one victim with SIGKILL; False if there is none just now."""
    if victim in {Victim.WORKER, Victim.API}:
        found = child_of(parent, victim.value)
        targets = [] if found is None else [found]
    else:
        postmaster, living = postgres_of(home)
        sessions = living - {postmaster} if victim is Victim.POSTGRES else set[int]()
        targets = [] if postmaster is None else [postmaster, *sorted(sessions)]
    for pid in targets:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(targets)


@dataclass(frozen=True, slots=True)
class Strike:
    """One kill; with ``at_once`` the last one need not be mended before it."""

    victim: Victim
    pause_s: float
    at_once: bool = False


def strikes_of(counts: dict[Victim, int], *, seed: int, extra: int = 0) -> list[Strike]:
    """Draw the order and pauses of kills; ``extra`` ones fall into the mending of another."""
    rng = Random(seed)
    victims = [victim for victim, count in counts.items() for _ in range(count)]
    rng.shuffle(victims)
    strikes = [Strike(victim, rng.uniform(0.2, 1.0)) for victim in victims]
    for _ in range(extra):
        place = rng.randrange(1, len(strikes) + 1)
        strike = Strike(rng.choice(list(counts)), rng.uniform(0.2, 1.0), at_once=True)
        strikes.insert(place, strike)
    return strikes
