# What a machine needs: Python 3.11, make, git, and for the real parts Debian's packages, which `packages` installs.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := prometheus prometheus-alertmanager prometheus-node-exporter btrfs-progs
TEST_PACKAGES := $(PACKAGES) systemd-container mmdebstrap xfsprogs qemu-system-x86 chromium zsh fish

.PHONY: check test newest demo crash power bench packages test-packages dashboard-shots clean

.venv/ready: pyproject.toml deploy/venv.sh
	sh deploy/venv.sh $(PYTHON)
	touch $@

packages:
	sh deploy/packages.sh $(PACKAGES)

test-packages:
	sh deploy/packages.sh $(TEST_PACKAGES)

check: .venv/ready packages
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	promtool check rules alert-rules/*.rules.yml
	promtool test rules alert-rules/tests/*.test.yml
	promtool check config --syntax-only deploy/prometheus.yml
	amtool check-config deploy/alertmanager.yml deploy/alertmanager/*.yml

test: .venv/ready test-packages
	sh tests/lanes.sh $(BIN)/python

# What depends on the servers' version, on the newest that Debian has.
newest: .venv/ready test-packages
	sh tests/newest.sh $(BIN)/python

# A hundred power cuts; `make test` makes a few.
power: .venv/ready test-packages
	HOMEOSTAT_POWER_CUTS=17 $(BIN)/python -m pytest -q --log-cli-level=WARNING tests/integration/test_power_cut.py tests/integration/test_vm.py

# Pictures of the dashboards for docs/, drawn by Grafana's own libraries; needs Node.js with npm.
dashboard-shots: .venv/ready test-packages
	$(BIN)/python -m tests.grafana.shots

demo: .venv/ready packages
	KEEP=$(KEEP) $(BIN)/python -m deploy.demo

# Every pair of points: hours on a small machine. PAIRS=200 draws so many of each scenario.
crash: .venv/ready
	$(BIN)/python -m tests.crash $(if $(PAIRS),--pairs $(PAIRS))

# CASES is the folder of the public cases with score.py; docs/forecasting.md says which. Hours on a small machine.
bench: .venv/ready packages
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m bench.actor
	$(BIN)/python -m bench.ask
	$(BIN)/python -m bench.exporter
	$(BIN)/python -m bench.forecasting --cases $(CASES)
	$(BIN)/python -m bench.tables

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis grafana/shots/node_modules
