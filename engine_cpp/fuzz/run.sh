#!/bin/bash
# Builds the fuzz targets with clang, makes their first inputs, and runs each for so many seconds, two at a time. What
# they find is kept below FOLDER/found; this then says how to see it again, and fails.
# usage: run.sh FOLDER SECONDS [TARGET...]
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
export folder=$1 seconds=$2
shift 2
targets=("$@")
[ $# -gt 0 ] || targets=(commands state journal entry)

build() {
  cmake -S "$source" -B "$folder/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -gline-tables-only" -DEXCHANGE_SANITIZE=ON -DEXCHANGE_FUZZ=ON \
    -DEXCHANGE_TOOLS=OFF -DEXCHANGE_PRECOMPILE=ON
  cmake --build "$folder/build" --target fuzz_seeds "${targets[@]/#/fuzz_}" -j2
}

fuzz() {
  local target=$1 program="$folder/build/fuzz/fuzz_$1" log="$folder/$1.log" failed=0
  mkdir -p "$folder/inputs/$target" "$folder/found"
  "$program" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=256 \
    -print_final_stats=1 -artifact_prefix="$folder/found/$target-" \
    "$folder/inputs/$target" "$folder/seeds/$target" >"$log" 2>&1 || failed=1
  [ $failed = 0 ] || explain "$target" "$program" "$log"
  awk -v target="$target" '/^stat::/ { count[$1] = $2 }
    END { print target ": " count["stat::number_of_executed_units:"] " inputs, " count["stat::new_units_added:"] " kept" }' "$log"
  return $failed
}

# The input is printed too, for whoever has nothing but the output.
explain() {
  local target=$1 program=$2 log=$3 input
  input=$(sed -nE 's/.*Test unit written to (.*)$/\1/p' "$log" | tail -1)
  grep -vE '^(#[0-9]|INFO:|Dictionary)' "$log" | head -60
  echo "$target: FOUND SOMETHING. See it again after \`make fuzz\` of the same version with:"
  echo "  $program $input"
  [ -s "$input" ] || return 0
  echo "or where there is no such file, make it first: base64 -d <<'END' | gunzip >$input"
  gzip -9 <"$input" | base64
  echo END
}

build
"$folder/build/fuzz/fuzz_seeds" "$folder/seeds"
export -f fuzz explain
printf '%s\n' "${targets[@]}" | xargs -n1 -P2 bash -c 'set -euo pipefail; fuzz "$1"' fuzz
