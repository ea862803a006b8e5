"""One child process of ``hocphi up``: what every child does; its role's own module is run."""

import os
import signal
import threading
from collections.abc import Callable

from kernel.logs import start_logging
from service.instance import Instance, open_instance


def run_child(work: Callable[[Instance], None]) -> None:
    """Run ``work`` until it ends; it is told to stop when the parent says so or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's to hear
    threading.Thread(target=_watch_parent, daemon=True, name="parent").start()
    with open_instance() as instance:
        start_logging(instance.settings.log_level)
        work(instance)


def _watch_parent() -> None:
    """Wait for the end of the pipe that only the parent holds open; then stop."""
    os.read(int(os.environ["HOCPHI_ALIVE_FD"]), 1)
    os.kill(os.getpid(), signal.SIGTERM)
