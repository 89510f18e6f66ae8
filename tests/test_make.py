"""What `make` does: how the dashboard is started, what Python must have, a browser, and the run on a clean machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run_make(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    # A surrounding make hands its flags down in the environment; this one starts afresh.
    inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "COHORT")}
    return subprocess.run(
        [shutil.which("make") or "make", "--silent", *arguments],
        cwd=ROOT,
        env=inherited | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def started_with(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """``make run`` with a program in Streamlit's place that prints the cohort and its arguments."""
    show = f"{sys.executable} -c 'import os, sys; print(os.environ.get(\"COHORT\")); print(sys.argv[1:])'"
    return run_make("-o", ".venv/requirements.stamp", "run", f"APP={show}", *arguments, environment=environment)


def test_make_run_starts_the_dashboard_with_the_reference_cohort() -> None:
    assert started_with().stdout.splitlines() == ["None", "['run', 'dashboard.py']"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("patients.csv", f"{ROOT}/patients.csv"),
        ("my patients (2).csv", f"{ROOT}/my patients (2).csv"),
        ("it's.csv", f"{ROOT}/it's.csv"),
        ("/data/patients.parquet", "/data/patients.parquet"),
        ("~/patients.csv", f"{Path.home()}/patients.csv"),
        ("postgres://host/leukaemia", "postgres://host/leukaemia"),
    ],
)
def test_make_run_hands_over_the_cohort_as_an_absolute_path(given: str, expected: str) -> None:
    assert started_with(f"COHORT={given}").stdout.splitlines()[0] == expected
    assert started_with(environment={"COHORT": given}).stdout.splitlines()[0] == expected


def test_make_run_takes_a_port() -> None:
    assert started_with("PORT=8600").stdout.splitlines()[1] == "['run', 'dashboard.py', '--server.port', '8600']"


def fake_python(folder: Path, *, version_ok: bool, venv_ok: bool) -> Path:
    python = folder / "python3"
    python.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"  *version_info*) exit {int(not version_ok)} ;;\n"
        '  *--version*) echo "Python 3.9.2" ;;\n'
        f"  *ensurepip*) exit {int(not venv_ok)} ;;\n"
        "  *) exit 9 ;;\n"
        "esac\n",
        encoding="utf-8",
    )
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(
    ("version_ok", "venv_ok", "message"),
    [(False, True, "Python 3.9.2 is too old: Python 3.11 or newer"), (True, False, "apt-get install python3-venv")],
)
def test_make_run_says_what_python_lacks(tmp_path: Path, version_ok: bool, venv_ok: bool, message: str) -> None:
    python = fake_python(tmp_path, version_ok=version_ok, venv_ok=venv_ok)
    done = run_make("run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", "APP=false")
    assert done.returncode != 0
    assert message in done.stderr
    assert not (tmp_path / "venv").exists()


def test_make_run_says_when_there_is_no_python(tmp_path: Path) -> None:
    done = run_make("run", "PYTHON=python-of-nowhere", f"VENV={tmp_path / 'venv'}", "APP=false")
    assert done.returncode != 0
    assert "python-of-nowhere was not found" in done.stderr


def test_run_on_a_clean_machine_ends_with_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    lines = script.read_text(encoding="utf-8").split("\n")
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line][-1] == "make test"
    # pytest prints its closing line last only if nothing comes after it in the recipe.
    recipe = (
        run_make("--dry-run", "-o", "lint", "-o", "chromium", "-o", "servers", "-o", "office", "-o", "r", "test")
        .stdout.strip()
        .splitlines()
    )
    assert "-m pytest" in recipe[-1]


def machine_without_browser(folder: Path, *programs: str) -> dict[str, str]:
    """A PATH that holds ``id`` of root, ``env`` and the programs, each of which prints its name and arguments."""
    (folder / "id").write_text("#!/bin/sh\necho 0\n", encoding="utf-8")
    for name in programs:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*, $DEBIAN_FRONTEND"\n', encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o755)
    (folder / "env").symlink_to(shutil.which("env") or "/usr/bin/env")
    return {"PATH": str(folder)}


def test_make_installs_chromium_on_debian_without_asking(tmp_path: Path) -> None:
    done = run_make("chromium", environment=machine_without_browser(tmp_path, "apt-get"))
    update, install = done.stdout.splitlines()
    assert update.startswith("apt-get update")
    assert install.startswith("apt-get install --yes") and install.endswith(
        "chromium fonts-dejavu-core, noninteractive"
    )


def test_make_installs_r_with_what_the_scripts_call(tmp_path: Path) -> None:
    done = run_make("r", environment=machine_without_browser(tmp_path, "apt-get"))
    packages = "r-base-core r-cran-survival r-cran-cmprsk r-cran-brglm2"
    assert done.stdout.splitlines()[-1].endswith(f"--no-install-recommends {packages}, noninteractive")


def test_make_installs_the_packages_of_r_that_are_missing(tmp_path: Path) -> None:
    environment = machine_without_browser(tmp_path, "apt-get")
    (tmp_path / "Rscript").write_text("#!/bin/sh\nprintf ' r-cran-cmprsk'\n", encoding="utf-8")
    (tmp_path / "Rscript").chmod(0o755)
    assert run_make("r", environment=environment).stdout.splitlines()[-1].endswith(" r-cran-cmprsk, noninteractive")


def test_make_installs_no_second_browser(tmp_path: Path) -> None:
    done = run_make("chromium", environment=machine_without_browser(tmp_path, "apt-get", "google-chrome"))
    assert (done.returncode, done.stdout) == (0, "")


def test_make_says_what_to_install_elsewhere(tmp_path: Path) -> None:
    done = run_make("chromium", environment=machine_without_browser(tmp_path))
    assert done.returncode != 0
    assert "install one of them" in done.stderr


def test_a_browser_is_installed(chromium_path: str) -> None:
    done = subprocess.run([chromium_path, "--version"], capture_output=True, text=True, check=False, timeout=60)
    assert re.search(r"Chrom\w+ \d+", done.stdout)
