#!/usr/bin/env bash
# Drives report.html in a headless Chromium as a person would, with scripts/report/check.py: one page of a single candidate,
# one of several, and one of many that mostly miss.
#
#     scripts/check_report.sh PULSE [--pictures FOLDER]
#
# PULSE is the program. Says why, and succeeds, where there is no Chromium or Python and they cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1
shift

find_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" && "$name" --version >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

complete() { find_browser >/dev/null && python3 --version >/dev/null 2>&1; }

if ! complete && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (timeout 60 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends chromium python3) \
    >/dev/null 2>&1 || true
fi
if ! complete; then
  echo "there is no Chromium or no Python, and they could not be installed: the report was not opened in a browser"
  exit 0
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
runs=()
# search COUNT OPTIONS...: a run of so many candidates. That some of them miss is no fault here.
search() {
  # A name that would break the page were it taken for more than text.
  local picture="$place/<b onload='alert(1)'>&amp;-$1.png" found=0
  cp examples/face-16.png "$picture"
  "$pulse" upsample "$picture" --candidates "$@" --out "$place/out-$1" --progress none >/dev/null || found=$?
  [ "$found" -le 1 ]
  runs+=("$place/out-$1"/*)
}
search 1
search 6 --seed 1 --spread
search 64 --steps 8

python3 -B scripts/report/check.py "$(find_browser | head -n 1)" "${runs[@]}" "$@"
