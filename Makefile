# make run     opens the dashboard (COHORT=patients.csv opens another file, PORT=8600 another port, SMALLEST_CELL=5
#              protects small numbers: experimental, not for real children)
# make test    checks style and types, then runs all tests

VENV ?= .venv
PYTHON ?= python3
APP ?= $(VENV)/bin/python -m pages.components.launch
VENV_PYTHON = $(VENV)/bin/python
WORKERS ?= 2
# What is compiled once is kept: a server or a worker starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run store develop test test-fast fuzz chromium lint format bench cohort references readme clean servers office r

help:
	@echo "make run          open the dashboard with the reference cohort; COHORT=patients.csv for another, PORT=8600"
	@echo "             SMALLEST_CELL=5 to protect small numbers (experimental, not for real children)"
	@echo "make store        keeps the patients of large files beside them, so that opening is quick: COHORT=/data/registry"
	@echo "make develop      the same, following changes to the code"
	@echo "make test         style, types and all tests (on Debian installs what they need and is missing: Chromium, PostgreSQL, Java, LibreOffice)"
	@echo "make test-fast    the tests that take no browser, draw nothing at random and are done within two minutes"
	@echo "make lint         style and types alone;  make format  rewrites the style"
	@echo "make fuzz         draws 5,000 views of drawn cohorts and looks at each; VIEWS=20000 FUZZ_FROM=9000 for others"
	@echo "make bench        times the stages and writes tests/benchmarks/results/latest.md"
	@echo "make cohort       builds the synthetic reference cohort anew"
	@echo "make references   computes the reference values of the tests anew (needs R)"
	@echo "make readme       writes the README's table of pages anew, from the registered pages"
	@echo "make clean        removes $(VENV) and the caches of the tools"

# Packages are installed when a requirements file is newer than its stamp, that is once.
$(VENV)/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "$(PYTHON) was not found: install Python 3.11 or newer, or name one: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$("$(PYTHON)" --version 2>&1) is too old: Python 3.11 or newer is needed. Name one: make run PYTHON=python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot create virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv "$(VENV)"

$(VENV)/requirements.stamp: requirements.txt | $(VENV)/bin/python
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/tests.stamp: tests/requirements.txt requirements.txt requirements-postgresql.txt requirements-spark.txt | $(VENV)/bin/python
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@ $(VENV)/requirements.stamp

# COHORT reaches the app as an absolute path, or unchanged when it is a database address; the app itself
# says what is wrong with a file that is missing or cannot be read.
START = cohort="$${COHORT:-}"; \
	case "$$cohort" in ""|/*|*://*) ;; "~/"*) cohort="$$HOME/$${cohort\#"~/"}" ;; *) cohort="$$PWD/$$cohort" ;; esac; \
	if [ -n "$$cohort" ]; then export COHORT="$$cohort"; fi; \
	exec $(APP) run dashboard.py $(if $(PORT),--server.port $(PORT))

run: $(VENV)/requirements.stamp
	@$(START)

develop: $(VENV)/requirements.stamp
	@$(START) --server.fileWatcherType auto --server.runOnSave true --client.toolbarMode developer --client.showErrorDetails full

# A folder of Parquet files, or one file: checked, coded, and written beside it.
store: $(VENV)/requirements.stamp
	@$(VENV_PYTHON) -m analytics.cohort.store $(if $(COHORT),"$(COHORT)")

test: lint chromium servers office r
	$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist worksteal

test-fast: $(VENV)/tests.stamp
	$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not browser and not fuzz and not attack and not slow and not hypothesis"

fuzz: $(VENV)/tests.stamp
	FUZZ=$(or $(VIEWS),5000) $(VENV_PYTHON) -m pytest -n $(WORKERS) --dist load tests/fuzz

lint: $(VENV)/tests.stamp
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache

format: $(VENV)/tests.stamp
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

# The browser tests drive an installed Chromium or Chrome. Only Debian and its relatives get one installed from here.
chromium:
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	    || [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then :; \
	elif command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo"; fi; \
	  $$as_root apt-get update && \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; \
	else \
	  echo "The browser tests need Chromium or Google Chrome: install one of them and run make test again." >&2; exit 1; \
	fi

# Installs the packages in $$missing: on Debian and its relatives, without asking.
INSTALL = \
	if [ -z "$$missing" ]; then :; \
	elif command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo"; fi; \
	  $$as_root apt-get update && \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $$missing; \
	else \
	  echo "The tests need$$missing: install it and run make test again." >&2; exit 1; \
	fi

# The tests start a PostgreSQL server and a Spark of their own. Debian and its relatives get both installed from here, without
# a server that runs.
servers:
	@missing=; \
	command -v initdb >/dev/null || [ -e "$$(echo /usr/lib/postgresql/*/bin/initdb | cut -d' ' -f1)" ] || missing=" postgresql"; \
	command -v java >/dev/null || missing="$$missing default-jre-headless"; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo"; fi; \
	  $$as_root sh -c 'mkdir -p /etc/postgresql-common && cd /etc/postgresql-common && \
	    [ -e createcluster.conf ] || echo "create_main_cluster = false" >createcluster.conf'; \
	fi; \
	$(INSTALL)

# The tests open slides with LibreOffice, look at their pages and measure their text with the letters of Carlito.
office:
	@missing=; \
	command -v soffice >/dev/null || missing=" libreoffice-impress-nogui"; \
	command -v pdftoppm >/dev/null || missing="$$missing poppler-utils"; \
	[ -e /usr/share/fonts/truetype/crosextra/Carlito-Regular.ttf ] || missing="$$missing fonts-crosextra-carlito"; \
	$(INSTALL)

# The tests run the scripts of every view in R.
r:
	@missing=; \
	if command -v Rscript >/dev/null; then \
	  missing="$$(Rscript --vanilla -e 'for (p in c("survival", "cmprsk", "brglm2")) if (system.file(package = p) == "") cat(" r-cran-", p, sep = "")')"; \
	else \
	  missing=" r-base-core r-cran-survival r-cran-cmprsk r-cran-brglm2"; \
	fi; \
	$(INSTALL)

bench: $(VENV)/tests.stamp
	$(VENV_PYTHON) tests/benchmarks/run.py

cohort: $(VENV)/requirements.stamp
	$(VENV_PYTHON) -m data.build_reference_cohort

readme: $(VENV)/tests.stamp
	$(VENV_PYTHON) -m tests.readme

references:
	@command -v Rscript >/dev/null || { echo "Rscript was not found: install R 4.2 or newer (Debian: r-base-core)." >&2; exit 1; }
	@set -e; cd tests/reference; for script in *.R; do echo "$$script"; Rscript --vanilla "$$script"; done

clean:
	rm -rf "$(VENV)" .pytest_cache .mypy_cache .ruff_cache .hypothesis
