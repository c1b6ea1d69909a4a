# Two commands bring up everything: `make demo` and `make test`. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
PORT ?= 8000
CITIZENS ?= 2000
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow lint types contracts migrations clean

demo: $(VENV)/.runtime
	@exec $(BIN)/python manage.py demo --settings health_platform.settings.demo --port $(PORT) --citizens $(CITIZENS)

test: $(VENV)/.development
	@.ci/check

test-slow: $(VENV)/.development
	@$(BIN)/python -m pytest -n 2 -m slow

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing the locked packages (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing the locked packages for development (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) .data
