#!/usr/bin/env bash
# Makes the explorer as a folder that needs no server, and drives it in a headless Chromium as a person would, with
# scripts/explorer/alone.mjs, at a desk and with a telephone.
#
#     scripts/check_page.sh PULSE [--pictures FOLDER]
#
# PULSE is the program. Says why, and succeeds, where the module cannot be built (scripts/build_page.sh) or there is no browser to drive.
# EXPLORER_MODULES may name a folder `node_modules` that has playwright-core and axe-core, PULSE_PAGE_FOLDER a folder that was made before.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1
shift
. scripts/explorer/find.sh

folder=${PULSE_PAGE_FOLDER:-}
if [ -z "$folder" ]; then
  folder=${CARGO_TARGET_DIR:-target}/page/folder
  status=0
  scripts/build_page.sh "$pulse" "$folder" || status=$?
  if [ "$status" = 3 ]; then exit 0; fi
  if [ "$status" != 0 ]; then exit "$status"; fi
fi
bytes() { printf '%s: %d bytes, %d packed\n' "$1" "$(tar cf - -C "$folder" "$2" | wc -c)" "$(tar cf - -C "$folder" "$2" | gzip -9 | wc -c)"; }
bytes "the module" app/pulse.wasm
bytes "the folder" .

# What the module finds is what the program finds with its portable kernels.
found=$(mktemp -d)
trap 'rm -rf "$found" "${place:-}"' EXIT
PULSE_SIMD=portable "$pulse" upsample examples/face-16.png --generator faces --candidates 1 --progress none --out "$found" >/dev/null
node scripts/explorer/alone.mjs "$modules" "$browser" "$folder" --native "$found/face-16/candidate-01.png" "$@"
