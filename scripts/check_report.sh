#!/usr/bin/env bash
# Drives the pages in a headless Chromium as a person would, with scripts/report/check.py: report.html of a single candidate, of
# several, of many that mostly miss, of a demonstration and of a steered run; explore.html of directions, a path and a step; and
# check.html.
#
#     scripts/check_report.sh PULSE [--pictures FOLDER]
#
# PULSE is the program. Says why, and succeeds, where there is no Chromium or Python and they cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1
shift

. scripts/browser.sh
if ! provide python3 python3; then
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
# A demonstration: its page has the original beside it.
"$pulse" upsample "$place/out-6"/*/candidate-01.png --pixelate 16 --candidates 3 --out "$place/shown" --progress none >/dev/null
runs+=("$place/shown"/*)
# What is explored from a run, and the claim that one candidate is what another shows.
"$pulse" explore "$place/shown"/* --candidate 1 --directions 2 --frames 5 --out "$place/walked" --progress none >/dev/null
"$pulse" explore "$place/shown"/* --path 1,2 --frames 4 --out "$place/passed" --progress none >/dev/null
"$pulse" explore "$place/shown"/* --candidate 2 --direction 1 --length 1.5 --out "$place/stepped" --progress none >/dev/null
"$pulse" explore "$place/shown"/* --like 1 -n 2 --progress none >/dev/null 2>&1
found=0
"$pulse" check "$place/out-6"/*/candidate-02.png "$place/out-6"/*/target.png --out "$place/checked" --progress none >/dev/null 2>&1 || found=$?
[ "$found" -le 1 ]
runs+=("$place/walked" "$place/passed" "$place/stepped" "$place/shown"/*/explore/like-1 "$place/checked")

python3 -B scripts/report/check.py "$(find_browser | head -n 1)" "${runs[@]}" "$@"
