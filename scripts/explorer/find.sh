# Sourced: finds, or installs, what drives the explorer's page: `modules` is a folder `node_modules`, `browser` a Chromium. Says why, and
# ends the script with success, where there is no Chromium, no Node, or no playwright-core and axe-core, and they cannot be installed.
packages=(playwright-core@1.65.1 axe-core@4.14.1)

. scripts/browser.sh
if ! provide "node npm" "nodejs npm"; then
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
