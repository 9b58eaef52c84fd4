#!/usr/bin/env bash
# Makes the pictures of docs/gallery.md again, and prints what each command of that page says. Takes minutes.
#
#     cargo build --release && scripts/gallery.sh [PULSE]
#
# PULSE is the program (target/release/pulse). The runs go to gallery-out.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=${1:-target/release/pulse}
rm -rf gallery-out

# The commands stand in the page: what is shown there is what runs here.
grep '^\$ pulse ' docs/gallery.md | sed 's/^\$ pulse //; s/ *#.*//' | while read -r arguments; do
  printf '\n$ pulse %s\n' "$arguments"
  # shellcheck disable=SC2086  # Arguments of the page have no spaces in them.
  "$pulse" $arguments --force --progress none </dev/null || [ $? = 1 ]
done

for field in black-holes galaxies cells land brain; do
  cp "gallery-out/$field/truth/sheet.png" "docs/gallery/$field.png"
done
