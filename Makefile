# Each target sets up .venv by itself the first time. Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
# Warnings of the libraries about their own future are not for users of this project.
RUN = .venv/bin/python -W ignore

.PHONY: demo test lint bench setup clean

setup:
	@$(PYTHON) tools/bootstrap.py

demo: setup
	@$(RUN) tools/demo.py

test: setup
	@$(RUN) -m pytest -q -n auto --maxprocesses 4

lint: setup
	@$(RUN) -m ruff check .

bench: setup
	@$(RUN) benchmarks/run_all.py

clean:
	rm -rf .venv build *.egg-info projects/*.egg-info
