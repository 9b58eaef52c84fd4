# Sourced: finds, or installs, a Chromium and what drives it.

find_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" && "$name" --version >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

# complete COMMAND...: whether there is a Chromium, and each of these commands runs.
complete() {
  local command
  find_browser >/dev/null || return 1
  for command in "$@"; do "$command" --version >/dev/null 2>&1 || return 1; done
}

# provide "COMMANDS" "PACKAGES": the same, once Debian's packages were installed where something is missing and they can be.
provide() {
  local -a commands packages
  read -ra commands <<<"$1"
  read -ra packages <<<"$2"
  if ! complete "${commands[@]}" && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (timeout 60 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends chromium "${packages[@]}") \
      >/dev/null 2>&1 || true
  fi
  complete "${commands[@]}"
}
