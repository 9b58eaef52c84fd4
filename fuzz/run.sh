#!/usr/bin/env bash
# Every target under libFuzzer and AddressSanitizer, so many seconds each (600 where nothing is said), or those that are named.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-600}
shift || true
targets=("$@")
if [ ${#targets[@]} = 0 ]; then targets=(checkpoint picture psf record text network); fi
# cargo-fuzz asks for flags that a stable compiler has, but hides.
export RUSTC_BOOTSTRAP=1
for target in "${targets[@]}"; do
  mkdir -p "found/$target"
  cargo fuzz run "$target" "found/$target" "corpus/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 -max_len=65536 -print_final_stats=1
done
