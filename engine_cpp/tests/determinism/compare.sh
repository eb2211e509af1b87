#!/bin/bash
# Builds `determinism` with two compilers, with all optimisation and with none, and compares what the four print.
# usage: compare.sh FOLDER
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
mkdir -p "$folder"
first=

for compiler in g++ clang++; do
  for level in O3 O0; do
    build="$folder/$compiler-$level"
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-$level" -DEXCHANGE_TOOLS=OFF >"$folder-cmake.log"
    cmake --build "$build" --target determinism -j2 >"$folder-build.log" || { cat "$folder-build.log"; exit 1; }
    "$build/tests/determinism/determinism" >"$build/digests"
    first=${first:-$build/digests}
    diff "$first" "$build/digests" >&2 || { echo "ERROR: $compiler -$level comes to something else" >&2; exit 1; }
    echo "$compiler -$level: $(wc -l <"$build/digests") lines, $(sha256sum <"$build/digests" | cut -c1-16)"
  done
done
