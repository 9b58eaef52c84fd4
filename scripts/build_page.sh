#!/usr/bin/env bash
# Makes the explorer as a folder that needs no server: builds the library as a module of WebAssembly, and writes the page round it.
#
#     scripts/build_page.sh PULSE OUT
#
# PULSE is the program, of the same sources. Needs either Rust's target wasm32-wasip1 (`rustup target add wasm32-wasip1`), or Debian's
# packages rustc-web, cargo-web, rust-web-src, lld and wasi-libc. Where there is neither, says so and ends with status 3.
set -euo pipefail
cd "$(dirname "$0")/.."
pulse=$1
out=$2
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/page"
# One page, loaded by many: nothing in it that only a debugger reads.
options=(--release --locked --target wasm32-wasip1 -p pulse-page --lib)
features="-C target-feature=+simd128"
libc=/usr/lib/wasm32-wasi

has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-wasip1" ]; }
has_debian() {
  [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ] && command -v wasm-ld >/dev/null
}

if has_target; then
  RUSTFLAGS="$features" cargo rustc "${options[@]}" -- -C strip=symbols
elif has_debian; then
  if [ ! -f "$libc/crt1-reactor.o" ] && [ "$(id -u)" = 0 ]; then
    (timeout 120 apt-get install -y -qq --no-install-recommends wasi-libc || true) >/dev/null 2>&1
  fi
  if [ ! -f "$libc/crt1-reactor.o" ]; then
    echo "wasi-libc is not installed: the page without a server was not built"
    exit 3
  fi
  # Debian's libc is older than this Rust: the page itself says of these that there are none (page/alone/worker.js).
  lacking=$(mktemp)
  trap 'rm -f "$lacking"' EXIT
  printf '%s\n' pthread_attr_init pthread_attr_setstacksize pthread_attr_destroy pthread_create pthread_join pthread_detach realpath >"$lacking"
  # Debian has the sources of the standard library, and building it is no stable option yet.
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld \
    RUSTFLAGS="$features -C link-self-contained=no -L native=$libc" \
    /usr/bin/cargo rustc "${options[@]}" -Zbuild-std=std,panic_abort -- \
    -C strip=symbols -C link-arg="$libc/crt1-reactor.o" -C link-arg="--allow-undefined-file=$lacking"
else
  echo "there is neither Rust's target wasm32-wasip1 nor Debian's rustc-web: the page without a server was not built"
  exit 3
fi
"$pulse" page "$out" --module "$CARGO_TARGET_DIR/wasm32-wasip1/release/pulse_page.wasm"
