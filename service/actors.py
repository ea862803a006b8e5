"""The jobs as dramatiq actors, and the ringer that rings them. A message carries nothing."""

from collections.abc import Awaitable, Callable, Mapping

import dramatiq

from kernel.outbox import PUSH_BELL
from kernel.queue import Ringer
from reconciliation.intake import SETTLE_BELL
from reports.jobs import FOLD_BELL

QUEUE = "bells"
"""One queue for all: each queue costs two connections of the broker's own small pool."""

BELLS = (SETTLE_BELL, PUSH_BELL, FOLD_BELL)

Job = Callable[[], Awaitable[None]]


def declare(
    broker: dramatiq.Broker, jobs: Mapping[str, Job]
) -> dict[str, dramatiq.Actor[..., object]]:
    """Declare an actor per bell on ``broker``; each may run twice, late, or beside another."""
    return {
        bell: dramatiq.actor(
            actor_name=bell,
            queue_name=QUEUE,
            broker=broker,
            max_retries=0,
            time_limit=600_000,
        )(job)
        for bell, job in jobs.items()
    }


async def _elsewhere() -> None:
    """Stand for a job in a process that only rings: workers run it."""


def ringer_for(broker: dramatiq.Broker) -> Ringer:
    """Make the ringer of a process that runs no jobs itself."""
    actors = declare(broker, dict.fromkeys(BELLS, _elsewhere))
    return Ringer({bell: actor.send for bell, actor in actors.items()})
