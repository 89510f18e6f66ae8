"""Requirements, make targets, the run on a clean machine, the theme, and what the documents promise."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit import config as streamlit_config

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PIN = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(\[[\w,]+\])?==(?P<version>[\w.]+)(; .+)?")


def requirement_lines(path: Path) -> list[str]:
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("-r ")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: Path) -> dict[str, str]:
    found = [PIN.fullmatch(line) for line in requirement_lines(path)]
    return {canonical(match["name"]): match["version"] for match in found if match}


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


# Requirements


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_requirement_is_one_exact_version_and_nothing_else(name: str) -> None:
    lines = requirement_lines(ROOT / name)
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len(pins(ROOT / name)) == len(lines)


def test_tests_run_on_the_pinned_versions() -> None:
    wanted = pins(ROOT / "requirements.txt") | pins(ROOT / "tests" / "requirements.txt")
    optional = {canonical(line.split("==")[0]) for line in requirement_lines(ROOT / "requirements.txt") if ";" in line}
    installed = {canonical(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
    different = {name: (version, installed.get(name)) for name, version in wanted.items() if name not in optional}
    assert {name: pair for name, pair in different.items() if pair[0] != pair[1]} == {}


def test_pins_are_complete() -> None:
    """Whatever a pinned package needs here is pinned too, so that a clean machine gets this very set."""
    wanted = pins(ROOT / "requirements.txt") | pins(ROOT / "tests" / "requirements.txt")
    missing = set()
    for name in wanted:
        for requirement in importlib.metadata.requires(name) or []:
            needed = canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
            # What is asked for on other systems or by an extra is not installed here.
            if ";" not in requirement and needed not in wanted:
                missing.add(f"{needed} (for {name})")
    assert missing == set()


def test_everything_imported_is_required() -> None:
    provided = importlib.metadata.packages_distributions()
    wanted = pins(ROOT / "requirements.txt")
    ours = {"analytics", "pages", "data", "dashboard", "tests"}
    shipped = [ROOT / "dashboard.py", *(p for f in ("analytics", "pages", "data") for p in (ROOT / f).rglob("*.py"))]
    unmet = set()
    for path in shipped:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - ours - set(sys.stdlib_module_names):
                if not any(canonical(distribution) in wanted for distribution in provided.get(top, [])):
                    unmet.add(f"{top} in {path.relative_to(ROOT)}")
    assert unmet == set()


# Make


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
    recipe = run_make("--dry-run", "-o", "lint", "-o", "chromium", "test").stdout.strip().splitlines()
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


# Configuration


def settings() -> dict[str, object]:
    def flatten(table: dict[str, object], prefix: str = "") -> dict[str, object]:
        flat: dict[str, object] = {}
        for key, value in table.items():
            flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
        return flat

    return flatten(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")))


def test_streamlit_knows_every_setting() -> None:
    assert set(settings()) - set(streamlit_config.get_config_options(force_reparse=True)) == set()


def test_patients_stay_on_this_machine() -> None:
    chosen = settings()
    assert chosen["browser.gatherUsageStats"] is False
    assert chosen["server.address"] == "localhost"
    assert chosen["client.showErrorDetails"] == "type"
    assert [value for value in chosen.values() if isinstance(value, str) and "//" in value] == []


def relative_luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: object, other: object) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((relative_luminance(str(one)), relative_luminance(str(other))))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_can_be_read(theme: str) -> None:
    chosen = {key.removeprefix(f"theme.{theme}."): value for key, value in settings().items()}
    for background in ("backgroundColor", "secondaryBackgroundColor", "sidebar.backgroundColor"):
        assert contrast(chosen["textColor"], chosen[background]) >= 7
        assert contrast(chosen["linkColor"], chosen[background]) >= 4.5
        assert contrast(chosen["primaryColor"], chosen[background]) >= 3
    assert contrast("#ffffff", chosen["primaryColor"]) >= 4.5


# Documents


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_files_hold(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_in_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE))
    assert named - targets == set()


def test_readme_holds_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.strip().startswith("make run") for line in lines)
    assert any(line.strip().startswith("make test") for line in lines)
