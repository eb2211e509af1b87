#!/bin/bash
# Builds the fuzz targets with clang, makes their first inputs, and runs each for so many seconds. What they find is kept
# below FOLDER/found, and this then fails.
# usage: run.sh FOLDER SECONDS [TARGET...]
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
seconds=$2
shift 2
targets=("$@")
[ $# -gt 0 ] || targets=(commands state journal entry)

cmake -S "$source" -B "$folder/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g" -DEXCHANGE_SANITIZE=ON -DEXCHANGE_FUZZ=ON -DEXCHANGE_TOOLS=OFF
cmake --build "$folder/build" --target fuzz_seeds "${targets[@]/#/fuzz_}" -j2
"$folder/build/fuzz/fuzz_seeds" "$folder/seeds"

for target in "${targets[@]}"; do
  mkdir -p "$folder/inputs/$target" "$folder/found"
  echo "$target: $seconds s"
  "$folder/build/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="$folder/found/$target-" \
    "$folder/inputs/$target" "$folder/seeds/$target" >"$folder/$target.log" 2>&1 ||
    { tail -60 "$folder/$target.log"; exit 1; }
  grep -E "number_of_executed_units|new_units_added|peak_rss" "$folder/$target.log"
done
