#!/usr/bin/env bash
# Fuzzes one target: fuzz/run.sh TARGET [INPUTS] (ten million by default). Needs a nightly toolchain and
# cargo-fuzz. New inputs go to fuzz/found/TARGET, failures to fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?which target? $(ls fuzz/fuzz_targets | sed 's/\.rs$//' | tr '\n' ' ')}
inputs=${2:-10000000}
mkdir -p "fuzz/found/$target"
# No single allocation above twice what one frame, or one decompressed body, may have.
exec cargo +nightly fuzz run --fuzz-dir fuzz "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
  -runs="$inputs" -malloc_limit_mb=64 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 "${@:3}"
