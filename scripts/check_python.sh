#!/usr/bin/env bash
# Builds the Python module and runs its tests (bindings/python), in an environment of their own under the target folder: format, lints,
# types, stubs, pytest. Says why, and succeeds, where there is no Python, or where what they need cannot be installed. torch, deepinv and
# Ray are taken where the machine's Python has them: torch from the package index draws gigabytes.
#
#     scripts/check_python.sh [FOLDER]     packages in FOLDER (a site-packages) are found, too
set -euo pipefail
cd "$(dirname "$0")/.."
extra=${1:-}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

skip() { echo "$1: the Python module was not tested"; exit 0; }

python=$(command -v python3 || true)
[ -n "$python" ] || skip "there is no python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "python3 is older than 3.10"
venv=$target/python
if [ ! -x "$venv/bin/maturin" ]; then
  if ! { "$python" -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement bindings/python/requirements-test.txt; }; then
    rm -rf "$venv"
    skip "maturin, NumPy, pytest and what else the tests need could not be installed"
  fi
fi
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
if [ -z "$extra" ] && "$python" -c 'import torch' 2>/dev/null; then
  extra=$("$python" -c 'import os, torch; print(os.path.dirname(os.path.dirname(torch.__file__)))')
fi
rm -f "$site/machine.pth"
if [ -n "$extra" ]; then echo "$extra" > "$site/machine.pth"; fi
for package in torch deepinv ray; do
  "$venv/bin/python" -c "import $package" 2>/dev/null || echo "$package is not installed: what needs it was not tested"
done

cd bindings/python
cargo fmt --check
"$venv/bin/ruff" format --check --quiet .
"$venv/bin/ruff" check --quiet .
# One environment for both commands: a change of it builds PyO3, and so all that is above it, again.
export CARGO_TARGET_DIR=$target PYO3_PYTHON=$venv/bin/python PYO3_ENVIRONMENT_SIGNATURE=pulse
cargo clippy --locked --quiet -- -D warnings
rm -rf "$target/wheels"
PATH=$venv/bin:$PATH "$venv/bin/maturin" build --quiet --locked --profile dev --out "$target/wheels"
"$venv/bin/pip" install --quiet --force-reinstall --no-deps "$target"/wheels/*.whl
"$venv/bin/mypy" --cache-dir "$target/mypy" -p pulse
"$venv/bin/python" -m mypy.stubtest pulse._pulse --mypy-config-file pyproject.toml
"$venv/bin/python" -m pytest --quiet
