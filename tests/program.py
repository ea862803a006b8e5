"""Runs a verb of ``hocphi`` in this process, as the console program would."""

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from unittest import mock

from service.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a verb left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def run_program(*words: str, **environment: str) -> Ran:
    """Run ``hocphi`` with these words; the environment is added to this process's own."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["hocphi", *words]),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())
