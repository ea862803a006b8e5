"""An API process: accepts on the socket that its parent opened."""

import os
import socket

import uvicorn

from service.app import app_of
from service.child import run_child
from service.instance import Instance


def serve(instance: Instance) -> None:
    """Serve until told to stop; requests under way are finished first."""
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


if __name__ == "__main__":
    run_child(serve)
