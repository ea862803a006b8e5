"""One child process of ``hocphi up``: an API process on the parent's socket, or a worker."""

import os
import signal
import socket
import sys
import threading

import uvicorn

from kernel.logs import start_logging
from service.app import app_of
from service.instance import open_instance
from service.worker import run_worker


def main(role: str) -> None:
    """Run as ``role`` (api or worker) until told to stop or until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's to hear
    threading.Thread(target=_watch_parent, daemon=True, name="parent").start()
    with open_instance() as instance:
        start_logging(instance.settings.log_level)
        if role == "worker":
            run_worker(instance)
            return
        listener = socket.socket(fileno=int(os.environ["HOCPHI_LISTEN_FD"]))
        config = uvicorn.Config(
            app_of(instance),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
            backlog=1024,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _watch_parent() -> None:
    """Wait for the end of the pipe that only the parent holds open; then stop."""
    os.read(int(os.environ["HOCPHI_ALIVE_FD"]), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
