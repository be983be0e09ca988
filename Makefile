# Each target sets up .venv by itself the first time. Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
# Warnings of the libraries about their own future are not for users of this project.
RUN = .venv/bin/python -W ignore

.PHONY: demo station test lint bench docs release-check setup clean

setup:
	@$(PYTHON) tools/bootstrap.py

demo: setup
	@$(RUN) tools/demo.py

# The inspection station with the demo's anomaly model: http://127.0.0.1:8000. Another port: make station PORT=8001
PORT ?= 8000
DEMO = work_dirs/demo
station: setup
	@$(RUN) tools/demo.py --part textures --only-train
	@$(RUN) tools/station.py --model $(DEMO)/textures.onnx --data work_dirs/station --port $(PORT) \
		--source folder:$(DEMO)/data/textures/weave/test/good --source folder:$(DEMO)/data/textures/weave/test/hole

test: setup
	@echo "all tests: about 20 minutes on two cores, less on more"
	@$(RUN) -m pytest -q -n auto --maxprocesses 4

lint: setup
	@$(RUN) -m ruff check .

bench: setup
	@$(RUN) benchmarks/run_all.py

# The site, in site/. Its search needs a server: a page that is opened from the file system has none.
# The variable keeps the theme from telling of coming versions.
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build
	@echo 'python -m http.server -d site    # then http://127.0.0.1:8000; site/index.html opens too, without the search'

# What is too long for every commit: other Pythons, other versions of torch, the Dockerfile, the notebooks.
release-check: setup
	@$(RUN) benchmarks/release_check.py
	@$(RUN) benchmarks/readme.py

clean:
	rm -rf .venv build *.egg-info projects/*.egg-info
