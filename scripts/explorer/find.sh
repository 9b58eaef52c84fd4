# Sourced: finds, or installs, what drives the explorer's page: `modules` is a folder `node_modules`, `browser` a Chromium. Says why, and
# ends the script with success, where there is no Chromium, no Node, or no playwright-core and axe-core, and they cannot be installed.
packages=(playwright-core@1.65.1 axe-core@4.14.1)

find_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" && "$name" --version >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

complete() { find_browser >/dev/null && node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1; }

if ! complete && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (timeout 60 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends chromium nodejs npm) \
    >/dev/null 2>&1 || true
fi
if ! complete; then
  echo "there is no Chromium, Node or npm, and they could not be installed: the explorer's page was not opened in a browser"
  exit 0
fi

modules=${EXPLORER_MODULES:-}
if [ -z "$modules" ]; then
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  modules=$place/node_modules
  if ! (cd "$place" && timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts "${packages[@]}" >/dev/null 2>&1); then
    echo "playwright-core and axe-core could not be had from the npm registry: the explorer's page was not opened in a browser"
    exit 0
  fi
fi
browser=$(find_browser | head -n 1)
