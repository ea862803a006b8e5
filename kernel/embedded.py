"""Attach to the embedded PostgreSQL of one HOCPHI_HOME, starting it where none runs. Linux only.

users.lock   held shared by every user: a killed user lets go of it, the last one frees it
keeper.lock  held by the one keeper: whoever gets it may, and must, start the next keeper
server.json  the ``Place``: whose hands run which binaries on which cluster behind which socket

Never starts, stops or signals ``postgres`` itself (``kernel/keeper.py`` does) and never opens a
port: the only way in is a Unix socket inside a 0700 folder.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kernel.errors import Unavailable
from kernel.postgres_place import (
    SOCKET,
    SUPERUSER,
    EmbeddedUnavailable,
    Place,
    choose_place,
    read_place,
)

START_LIMIT_S = 30.0
KEEPER_LOCK = "keeper.lock"
USERS_LOCK = "users.lock"
