#!/usr/bin/env bash
# Drives the explorer's page in a headless Chromium as a person would, with scripts/explorer/check.mjs, at a desk and with a telephone.
#
#     scripts/check_explorer.sh PULSE [--pictures FOLDER] [--measure]
#
# PULSE is the program. Says why, and succeeds, where there is no Chromium, no Node, or no playwright-core and axe-core, and they cannot
# be installed. EXPLORER_MODULES may name a folder `node_modules` that has the two.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1
shift
. scripts/explorer/find.sh
node scripts/explorer/check.mjs "$modules" "$browser" "$pulse" "$@"
