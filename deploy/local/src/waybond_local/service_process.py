"""One service, or the payment sandbox, as a child process with an HTTP port that says when it is ready."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from waybond_local.processes import spawn, stop, wait_ready

STOP_SECONDS = 30.0
# Many times what a quiet machine needs: a busy one is no reason to fail. A service that cannot start ends by itself.
_START_SECONDS = 180.0
_PROBE_SECONDS = 2.0
_SUPERVISORS_OWN = {"WAYBOND_POSTGRES"}  # an administrator's password is nothing for a service


class ServiceProcess:
    """`python -m <module>` with its settings in the environment, serving HTTP on `port` of the loopback interface."""

    def __init__(self, name: str, module: str, *, port: int, settings: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.module = module
        self.port = port
        self.settings = dict(settings)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The base of its URLs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and return at once; `wait` says when it is ready."""
        inherited = {name: value for name, value in os.environ.items() if name not in _SUPERVISORS_OWN}
        command = [sys.executable, "-m", self.module]
        # Without its supervisor there is no broker either: an orderly stop would wait for one.
        self._process = spawn(
            command, log=self.log, environment=inherited | self.settings, on_parent_death=signal.SIGKILL
        )

    def wait(self) -> None:
        """Return when it is ready.

        Raises:
            ProcessError: it ended, or was not ready in time; the message holds the end of its log.
        """
        if self._process is not None:
            wait_ready(self._process, self.ready, name=self.name, log=self.log, patience_seconds=_START_SECONDS)

    def ready(self) -> bool:
        """Whether it says of itself that it is ready."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def ask_to_stop(self) -> None:
        """Send SIGTERM and return at once; `stop` waits for the end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop it in order; it is killed after STOP_SECONDS."""
        if self._process is not None:
            stop(self._process, patience_seconds=STOP_SECONDS)
