# Each target first installs what the machine lacks (stack/setup.sh, quick when nothing is missing).
.PHONY: setup up reset gen lint check-gen test unit contract cpp integration crash e2e engine-tools engine-replay bench-engine bench-orders \
	clang proof determinism golden oracle fuzz exactly-once
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

# With every assertion on; what is measured and shipped is built without.
cpp: setup
	cmake -S engine_cpp -B build/cpp -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O1 -DBUILD_TESTING=ON \
		-DEXCHANGE_PRECOMPILE=ON
	cmake --build build/cpp -j2
	ctest --test-dir build/cpp -j2 --output-on-failure

# The engine's tools, built for speed.
engine-tools: setup
	cmake -S engine_cpp -B build/tools -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF
	cmake --build build/tools -j2

# build/engine_replay runs recorded markets of other venues through the full core: one line of JSON a file.
engine-replay: engine-tools
	ln -sf tools/replay/engine_replay build/engine_replay

# Measures the core and compares with engine_cpp/bench/results.json; `ARGS=--save` makes the run the new baseline.
bench-engine: engine-tools
	python engine_cpp/bench/report.py build/tools/bench/engine_bench $(ARGS)

# Measures order entry through the edge, on the whole stack; needs Go 1.22 or later. `ARGS=--save` keeps the figures in
# bench/orders/results.json.
bench-orders: setup
	cd bench/orders/client && go build -o $(CURDIR)/build/orders_load .
	python -m bench.orders.run build/orders_load $(ARGS)

# A second compiler, and the fuzzer that comes with it.
clang: setup
	@stack/setup.sh clang

# g++ and clang++, at -O3 and -O0: the same commands come to the same bytes, or this fails.
determinism: clang
	engine_cpp/tests/determinism/compare.sh build/determinism

# build/proof: what proves the core beyond its tests, with every assertion on.
proof: setup
	cmake -S engine_cpp -B build/proof -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O2 -DEXCHANGE_TOOLS=OFF
	cmake --build build/proof --target oracle golden -j2

# A journal of this version and what it comes to, for all later versions to replay.
golden: proof
	build/proof/tests/determinism/golden make $(addprefix engine_cpp/tests/golden/$(VERSION),.journal .expected)

# The core and the naive engine over so many commands.
COMMANDS ?= 1000000
oracle: proof
	build/proof/tests/oracle/oracle $(COMMANDS)

# Any bytes as commands, as a saved state, as a journal, as order entry, for so many seconds each.
SECONDS ?= 15
fuzz: clang
	engine_cpp/fuzz/run.sh build/fuzz $(SECONDS)

integration: setup
	pytest tests/integration

# Kills the engine 200 times at random moments; EXCHANGE_CRASH_SEED chooses other moments.
crash: setup
	EXCHANGE_CRASH_KILLS=200 pytest --log-cli-level=info tests/integration/engine/test_crash.py

# Breaks one thing at a time between a request and its answer, 2,016 times; EXCHANGE_EXACTLY_ONCE_SEED chooses others.
exactly-once: setup
	EXCHANGE_EXACTLY_ONCE_RUNS=2016 pytest --log-cli-level=info tests/integration/orders/exactly_once

e2e: setup
	pytest tests/e2e

test: lint check-gen unit contract cpp fuzz integration e2e
