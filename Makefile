# Each target first installs what the machine lacks (stack/setup.sh, quick when nothing is missing).
.PHONY: setup up reset gen lint check-gen test unit contract cpp integration e2e
MAKEFLAGS += --no-print-directory
export PYTHONPATH := gen/python:.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

setup:
	@stack/setup.sh

# The whole exchange on this machine, until Ctrl-C. EXCHANGE_PORT moves its ports, EXCHANGE_DATA its folder; `ARGS=--live`
# follows the live market of Binance.
up: setup
	@exec python -m stack up $(ARGS)

# Deletes the data of `make up`.
reset: setup
	@python -m stack reset

# Everything under gen/ from proto/.
gen: setup
	proto/generate

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	python mesh/verify_envoy.py

# Contracts: lint, breaking changes, and gen/ is what proto/ makes.
check-gen: setup
	proto/generate --check

unit: setup
	pytest tests/unit tests/tidy

contract: setup
	pytest tests/contract

cpp: setup
	cmake -S engine_cpp -B build/cpp -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON
	cmake --build build/cpp -j2
	ctest --test-dir build/cpp --output-on-failure

integration: setup
	pytest tests/integration

e2e: setup
	pytest tests/e2e

test: lint check-gen unit contract cpp integration e2e
