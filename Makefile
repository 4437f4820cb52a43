# Every target does its own set-up: Python 3.11 or later and make are enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python on this machine that is new enough and can make environments.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	{ echo $$p; break; }; done)

VENV := .venv
BENCH_VENV := .venv-bench
PINS_VENV := .venv-pins
PY := $(VENV)/bin/python
ZHIKUN := $(VENV)/bin/zhikun
PIP := -m pip --disable-pip-version-check --quiet install --require-hashes

RUN := $(VENV)/.stamp-run
DEV := $(VENV)/.stamp-dev
SPARK := $(VENV)/.stamp-spark
FONTS := $(VENV)/.stamp-fonts
FRONTEND := $(VENV)/.stamp-frontend
PEERS := $(BENCH_VENV)/.stamp

DEMO_WORKBOOK := build/demo/county.xlsx
DEMO_RESULTS := build/demo/results
DEMO_LISTS := build/demo/lists
DEMO_KEYS := build/demo/keys.json
DEMO_OFFICE := build/demo/office
# What departments deliver and what is screened lies where the platform reads it.
DEMO_MONTHS := $(addprefix $(DEMO_OFFICE)/,lists matching screening tokens.json)
DEMO_PLATFORM := ZHIKUN_DATA=$(CURDIR)/$(DEMO_OFFICE) ZHIKUN_KEYS=$(CURDIR)/$(DEMO_KEYS) ZHIKUN_DATABASE=
# `make demo SERVE=no` builds everything and does not serve.
SERVE ?= yes
PORT ?= 8000

.PHONY: help demo test check bench spark format messages reference pins clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

demo: $(RUN) $(FONTS) $(FRONTEND) ## build the demo county, assess it, screen three months of department files, serve the platform with it
	@mkdir -p build/demo
	$(ZHIKUN) demo county --like yuanzhou --seed 1 --out $(DEMO_WORKBOOK)
	$(ZHIKUN) assess $(DEMO_WORKBOOK) --pack yuanzhou --on 2023-11-30 --out $(DEMO_RESULTS)
	rm -rf $(DEMO_MONTHS) $(DEMO_LISTS)
	$(ZHIKUN) demo months --like county --from 2026-08 --months 3 --seed 1 --out $(DEMO_LISTS) --data $(DEMO_OFFICE) --keys $(DEMO_KEYS)
	$(DEMO_PLATFORM) $(ZHIKUN) migrate
	$(DEMO_PLATFORM) $(ZHIKUN) demo office $(DEMO_WORKBOOK) --on 2023-11-30 --sheet build/demo/accounts.txt
	$(DEMO_PLATFORM) $(ZHIKUN) monitor publish --month 2026-10 --pack national --by demo-county-reviewer
	@printf '\n演示县（全部为生成数据）：\n'
	@ls -1d $(DEMO_WORKBOOK) $(DEMO_RESULTS)/* $(DEMO_LISTS) $(DEMO_OFFICE)/screening/national/*/warnings.parquet | sed "s|^|  $(CURDIR)/|"
	@printf '  %s（账号）\n' $(CURDIR)/build/demo/accounts.txt
	@printf '命令要知道平台在哪里：export %s %s\n' ZHIKUN_DATA=$(CURDIR)/$(DEMO_OFFICE) ZHIKUN_KEYS=$(CURDIR)/$(DEMO_KEYS)
	@if [ "$(SERVE)" = yes ]; then printf '\n按 Ctrl-C 结束平台。\n'; $(DEMO_PLATFORM) $(ZHIKUN) serve --port $(PORT); fi

# Whole files, in the order that tests/conftest.py gives them (LONGEST), to as many processes as it says.
SHARED := -n auto --dist loadfile --no-loadscope-reorder

# The tests with a database run on PostgreSQL first, then all tests on SQLite: pytest's own closing line ends the output.
# Tests start hundreds of processes: what a machine says about bytecode, each module is compiled once and not each time.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(DEV) $(FONTS) $(FRONTEND) ## run every test, those with a database on PostgreSQL too; what this machine cannot run is named under 未运行
	@status=0; \
	$(PY) tools/with_postgres.py $(PY) -m pytest $(SHARED) -m database || status=1; \
	$(PY) -m pytest $(SHARED) || status=1; \
	exit $$status

# Types take as long as all the rest together: they are checked beside it. Every fault is told, not the first alone.
check: $(DEV) ## format, lint, types, arrows between rooms, packs, freshness of generated files
	@$(MAKE) --no-print-directory --keep-going --jobs=2 types rest

.PHONY: types rest
types: $(DEV)
	$(PY) -m mypy

rest: $(DEV)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/lint-imports --no-logo
	$(PY) tools/messages.py --check
	$(PY) tools/reference.py --check
	$(ZHIKUN) packs check

bench: $(DEV) $(SPARK) $(FONTS) $(PEERS) ## measure against peers installed in an environment of their own
	$(PY) bench/run.py --peers $(BENCH_VENV)/bin/python

spark: $(SPARK) ## add Spark to the environment, for the cluster room and its tests (needs Java 17)

format: $(DEV) ## rewrite the Python files in the house format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix --exit-zero .

messages: $(DEV) ## collect the Chinese messages for translators again
	$(PY) tools/messages.py

reference: $(DEV) ## write the reference pages of functions and commands again
	$(PY) tools/reference.py

pins: $(PINS_VENV)/.stamp ## choose package versions anew: requirements/*.in -> hashed *.txt
	cd requirements && for name in runtime build dev spark bench node pins labelled; do \
		../$(PINS_VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		$$(test $$name != labelled || echo --no-deps) --output-file $$name.txt $$name.in || exit 1; done

clean: ## remove the environments and everything built
	rm -rf $(VENV) $(BENCH_VENV) $(PINS_VENV) build dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本（含 venv 模块；Debian、Ubuntu 请安装 python3-venv）。"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements/build.txt requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(PY) $(PIP) -r requirements/build.txt -r requirements/runtime.txt
	$(PY) -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.txt requirements/labelled.txt $(RUN)
	$(PY) $(PIP) -r requirements/dev.txt
	$(PY) $(PIP) --no-deps -r requirements/labelled.txt
	@touch $@

$(SPARK): requirements/spark.txt $(RUN)
	$(PY) $(PIP) --no-build-isolation -r requirements/spark.txt
	@touch $@

# Without a reachable registry the script says loudly what is missing, and the set-up goes on; the next run tries again.
$(FONTS): tools/fonts.py tools/node_packages.py tools/fonts/package-lock.json requirements/node.txt $(RUN)
	@$(PY) tools/fonts.py --stamp $@

$(FRONTEND): tools/frontend.py tools/node_packages.py $(wildcard tools/frontend/*) requirements/node.txt $(RUN)
	@$(PY) tools/frontend.py --stamp $@

$(PEERS): requirements/bench.txt
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本。"; exit 1; }
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python $(PIP) -r requirements/bench.txt
	@touch $@

$(PINS_VENV)/.stamp: requirements/pins.txt
	$(PYTHON) -m venv $(PINS_VENV)
	$(PINS_VENV)/bin/python $(PIP) -r requirements/pins.txt
	@touch $@
