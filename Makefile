# cefo. `make run` and `make test` need Python ≥ 3.11 and make; everything else they set up themselves.
PYTHON ?= python3
PORT ?= 8000
DATA ?= data
WORKERS ?= 4
BIN = .venv/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check
# Each worker rewrites the assertions of every test file, unless an earlier run has kept them.
TESTS = env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
QUICK = $(addprefix tests/,chassis contracts directory impact intake plans refusals scheduling)
LOCK = uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
# Compiled at installation, as pip does for dependencies: with PYTHONDONTWRITEBYTECODE each start would compile again.
OURS = $(PIP) --require-hashes -r requirements-build.lock && $(PIP) --no-deps --no-build-isolation -e . && $(BIN)/python -m compileall -q services

.PHONY: run test quick check bench faults migration setup setup-dev lock messages snapshots screenshots clean help

run: setup ## Set up and start everything with demo data
	@$(BIN)/cefo up --morning --port $(PORT) --data $(DATA)

test: setup-dev ## Set up and run every test whose dependencies are installed, on 4 processes; WORKERS=8 on a larger machine
	@rm -f build/.coverage*
	@CEFO_MEASURE=1 $(TESTS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage json --quiet -o build/coverage.json
	@$(BIN)/python -m tests.covered

quick: setup-dev ## Run only the quick tests, which need no server and no browser
	@$(TESTS) -m quick $(QUICK)

check: setup-dev ## Run CI's checks other than tests: style, types, imports; shows the pages' reading ease
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@$(BIN)/python -m tests.covered
	@$(BIN)/python -m tests.words.reading

faults: setup-dev ## Kill processes hundreds of times under load; an independent checker verifies: KILLS=300 SEED=42
	@$(BIN)/python -m tests.faults

bench: setup-dev ## Measure everything that docs/speed.md shows; ROWS=c,e ROUNDS=3 SMALL=1
	@$(BIN)/python -m tests.bench $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SMALL),--small)

migration: setup-dev ## Write a service's next migration from its tables: SERVICE=scheduling MESSAGE="a path closes"
	@$(BIN)/python -m services.launcher.new_migration "$$SERVICE" "$$MESSAGE"

setup: .venv/.run-ready ## Set up what `cefo` needs, and start nothing
	@$(BIN)/python -m services.chassis.web.assets --pages-only

setup-dev: .venv/.dev-ready ## Set up what checks and tests need; they do it themselves where it is missing
	@$(BIN)/python -m services.chassis.web.assets

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "cefo needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 run"; exit 1)
	@echo "Setting up (once, a minute or a few)…"
	@$(PYTHON) -m venv .venv

.venv/.run-ready: requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements.lock
	@$(OURS)
	@touch $@

.venv/.dev-ready: requirements-dev.lock requirements-openapi-client.lock requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(OURS)
	@$(PYTHON) -m venv .venv/openapi-client && .venv/openapi-client/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-openapi-client.lock
	@touch .venv/.run-ready $@

lock: ## Regenerate the lock files: runtime, development, build, the Python client, and Node for machines without it
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock
	$(LOCK) --group build -o requirements-build.lock
	$(LOCK) --group openapi-client -o requirements-openapi-client.lock
	$(LOCK) --group node -o requirements-node.lock

messages: setup-dev ## Update all translations from the code; lists the missing ones
	@$(BIN)/python -m services.launcher.messages

snapshots: setup-dev ## Regenerate the files made from the code: schemas of events and imports, tables of topics and settings, the architecture's picture
	@$(BIN)/python -m tests.contracts.snapshots
	@$(BIN)/python -m services.launcher.documents

screenshots: setup-dev ## Take screenshots of all pages, on a phone and a desk, in French and German: PAGES=/intake/desk BUSY=1
	@$(BIN)/python -m tests.browser.screenshots $(if $(PAGES),--pages "$(PAGES)") $(if $(BUSY),--busy)

help: ## List the targets
	@sed -nE "s/^([a-z-]+):[^#]*## (.*)/  make \1	\2/p" $(MAKEFILE_LIST) | expand -t 20

clean: ## Remove what `make` set up; data is kept
	rm -rf .venv node_modules services/chassis/web/static/vendor deploy/kafka/libs
