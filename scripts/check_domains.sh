#!/usr/bin/env bash
# Runs the tests of the fields' simulators (domains/tests), which need NumPy, SciPy and pytest: they are installed in a folder of
# their own, under the target folder. Says why, and succeeds, where there is no Python or they cannot be installed.
#
#     scripts/check_domains.sh
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(command -v python3 || true)
if [ -z "$python" ]; then
  echo "there is no python3: the simulators were not tested"
  exit 0
fi
venv=${CARGO_TARGET_DIR:-target}/domains
if [ ! -x "$venv/bin/pytest" ]; then
  if ! { "$python" -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement domains/requirements.txt; }; then
    rm -rf "$venv"
    echo "NumPy, SciPy, Pillow and pytest could not be installed: the simulators were not tested"
    exit 0
  fi
fi
"$venv/bin/python" -m pytest --quiet -p no:cacheprovider domains
