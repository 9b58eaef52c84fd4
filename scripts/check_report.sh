#!/usr/bin/env bash
# Opens a run's report.html in a headless Chromium: nothing on its console, no request beyond the file, and every order as it
# should be. A page that breaks its own policy must be noticed, or the check is worth nothing.
#
#     scripts/check_report.sh PULSE
#
# PULSE is the program. Says why, and succeeds, where there is no Chromium and it cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1

find_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" && "$name" --version >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

if ! browser=$(find_browser | head -n 1) || [ -z "$browser" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (timeout 60 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 || true
  fi
  if ! browser=$(find_browser | head -n 1) || [ -z "$browser" ]; then
    echo "there is no Chromium, and it could not be installed: the report was not opened in a browser"
    exit 0
  fi
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# open NAME URL: the page after its scripts ran in NAME.html, the console in NAME.log, the network in NAME.json.
open() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$place/$1.profile" --host-resolver-rules="MAP * ~NOTFOUND" \
    --log-net-log="$place/$1.json" --virtual-time-budget=3000 --enable-logging=stderr --log-level=0 --dump-dom "$2" \
    >"$place/$1.html" 2>"$place/$1.log"
}

fail() { echo "report.html: $*" >&2; exit 1; }
console() { grep CONSOLE "$place/$1.log" || true; }
# What the page asked for; what the browser asks for on its own account is isolated otherwise.
requests() {
  { grep '"network_isolation_key":"file://' "$place/$1.json" || true; } | { grep -oE '"url":"(https?|wss?|ftp):[^"]*' || true; }
}
numbers() { grep -oE 'data-number="[0-9]+"' "$place/$1.html" | grep -oE '[0-9]+' | tr '\n' ' '; }
# Numbers in the order of a score, less first, those without one last.
expected() {
  grep -oE '<li class="card"[^>]*' "$place/number.html" |
    sed -E "s/.*data-number=\"([0-9]+)\".*data-$1=\"([^\"]*)\".*/\2 \1/; s/^ /1e999 /" |
    sort -s -g -k1,1 | cut -d' ' -f2 | tr '\n' ' '
}

picture="$place/<b onload='alert(1)'>&amp;.png"
cp examples/face-16.png "$picture"
"$pulse" upsample "$picture" --candidates 6 --seed 1 --out "$place/out" --progress none >/dev/null
cp "$place"/out/*/report.html "$place/report.html"

for order in number consistency plausibility sharpness distinctness; do
  open "$order" "file://$place/report.html#sort=$order"
  [ -z "$(console "$order")" ] || fail "its console is not empty: $(console "$order")"
  [ -z "$(requests "$order")" ] || fail "it asks for $(requests "$order")"
  grep -q "Sorted by $order" "$place/$order.html" || fail "it does not say that it is sorted by $order"
  if [ "$order" = number ]; then wanted="1 2 3 4 5 6 "; else wanted=$(expected "$order"); fi
  [ "$(numbers "$order")" = "$wanted" ] || fail "by $order it has $(numbers "$order"), not $wanted"
done

# The same page with what its policy forbids, and without the policy: only then is there a request, and it is seen.
sed 's|</main>|<img src="http://pulse.invalid/a.png" alt=""><script>document.title = "broken"</script></main>|' \
  "$place/report.html" >"$place/forbidden-report.html"
open forbidden "file://$place/forbidden-report.html"
[ "$(console forbidden | grep -c 'Content Security Policy')" -ge 2 ] || fail "a forbidden picture and script were not noticed"
[ -z "$(requests forbidden)" ] || fail "its policy lets requests out"
sed -E 's|<meta http-equiv="Content-Security-Policy"[^>]*>||' "$place/forbidden-report.html" >"$place/open-report.html"
open open "file://$place/open-report.html"
[ -n "$(requests open)" ] || fail "requests of a page without a policy were not noticed"
echo "report.html: five orders, an empty console, no request; its policy holds"
