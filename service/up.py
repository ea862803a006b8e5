"""Starts the processes of an instance, keeps them running, and stops them cleanly.

The parent opens the port and the embedded database; each child accepts on the same socket or
works on jobs. A child that dies is started again; children end when the parent is gone.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from kernel.clock import real_now
from kernel.errors import Unavailable
from service.instance import Instance
from service.routes_health import serve_metrics, share_metrics

log = structlog.get_logger()

POLL_S = 0.1
STOP_S = 25.0
BACK_OFF_S = (0.0, 0.2, 1.0, 3.0)
STEADY_S = 20.0


class PortTaken(Unavailable):
    """Another program listens on the port."""

    code = "port_taken"


@dataclass(slots=True)
class Child:
    """One process to keep running."""

    role: str
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0


@dataclass(slots=True)
class Family:
    """The processes of one ``hocphi up``, ``serve`` or ``worker``."""

    instance: Instance
    children: list[Child]
    listener: socket.socket | None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def run_file(self) -> Path:
        """Where other verbs find the running service."""
        return self.instance.settings.home_folder / "run.json"

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, then stop every child and wait for it."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._hear)
        folder = self.instance.settings.home_folder / f"metrics-{os.getpid()}"
        share_metrics(folder)
        alive, held = os.pipe()
        os.set_inheritable(alive, True)  # noqa: FBT003  the standard library's own signature
        environment = self._environment(alive)
        try:
            self._announce(folder)
            while not self.stop.is_set():
                for child in self.children:
                    self._keep(child, environment, alive)
                self.stop.wait(POLL_S)
        finally:
            self._stop_children()
            os.close(held)
            os.close(alive)
            if self.listener is not None:
                self.run_file.unlink(missing_ok=True)
            for each in (*folder.glob("*"), folder):
                each.rmdir() if each.is_dir() else each.unlink()

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.stop.set()

    def _environment(self, alive: int) -> dict[str, str]:
        given = dict(os.environ) | {"HOCPHI_ALIVE_FD": str(alive)}
        if self.listener is not None:
            given["HOCPHI_LISTEN_FD"] = str(self.listener.fileno())
            given["HOCPHI_PORT"] = str(self.listener.getsockname()[1])
        return given

    def _announce(self, folder: Path) -> None:
        if self.listener is None:
            return
        port = self.listener.getsockname()[1]
        metrics_port = int(self.instance.settings.metrics_port or port + 1000)
        try:
            serve_metrics(metrics_port, folder)
        except OSError:
            log.warning("metrics_port_taken", port=metrics_port)
        told = {
            "base_url": f"http://127.0.0.1:{port}",
            "metrics_url": f"http://127.0.0.1:{metrics_port}/metrics",
            "pid": os.getpid(),
            "started_at": real_now().isoformat(),
        }
        fresh = self.run_file.with_suffix(".new")
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(self.run_file)

    def _keep(self, child: Child, environment: dict[str, str], alive: int) -> None:
        now = time.monotonic()
        if child.process is not None:
            status = child.process.poll()
            if status is None:
                return
            steady = now - child.started > STEADY_S
            child.failures = 0 if steady else child.failures + 1
            wait_s = BACK_OFF_S[min(child.failures, len(BACK_OFF_S) - 1)]
            child.process, child.next_start = None, now + wait_s
            log.warning("child_ended", role=child.role, status=status)
        if now < child.next_start:
            return
        passed = [alive, *([self.listener.fileno()] if self.listener is not None else [])]
        child.process = subprocess.Popen(  # noqa: S603  our own program, fixed words
            [sys.executable, "-m", f"service.child_{child.role}"], env=environment, pass_fds=passed
        )
        child.started = now

    def _stop_children(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listen(port: int) -> socket.socket:
    """Open the port on this machine (0 = any free one); raises PortTaken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as cause:
        raise PortTaken(f"port {port} is taken; choose another with --port") from cause
    listener.listen(1024)
    listener.set_inheritable(True)
    return listener
