"""Streamlit servers for the benchmarks: the dashboard as `make run` starts it, and a bare page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BARE_APP = Path(__file__).with_name("bare_app.py")
DASHBOARD = (sys.executable, "-m", "pages.components.launch", "run", "dashboard.py")
BARE = (sys.executable, "-m", "streamlit", "run", str(BARE_APP))
START_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; ``start_seconds`` is the time from its command to its first healthy answer."""

    address: str
    start_seconds: float
    pid: int

    @property
    def processor_seconds(self) -> float:
        """What it has used of the processors so far; NaN where the system does not say."""
        found = Path(f"/proc/{self.pid}/stat")
        if not found.exists():
            return float("nan")
        user, system = found.read_text().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(command: tuple[str, ...], environment: dict[str, str]) -> Iterator[Server]:
    """A server from the moment it answers until the block ends."""
    port = free_port()
    options = ("--server.port", str(port), "--server.headless", "true")
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        seconds = _wait(process, f"http://localhost:{port}/_stcore/health")
        yield Server(f"http://localhost:{port}", seconds, process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _wait(process: subprocess.Popen[str], health: str) -> float:
    started = time.perf_counter()
    while time.perf_counter() - started < START_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {(process.stderr.read() if process.stderr else '')[-2000:]}")
        try:
            with urllib.request.urlopen(health, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter() - started
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"the server did not answer within {START_SECONDS:g} s")
