#!/usr/bin/env bash
# The browser half: target/browser/{frontend.js,frontend_bg.wasm}, small.
. "$(dirname "$0")/env.sh"
out=target/browser

say "building the browser bundle (profile wasm-release)"
# Views as erased types: a quarter less to load. Paths of this machine's folders are nobody's business.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--cfg erase_components \
    --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src= --remap-path-prefix=$root="
cargo build -p frontend --lib --target wasm32-unknown-unknown --profile wasm-release >&2
rm -rf "$out"
target/tools/wasm-bindgen --target web --no-typescript --out-dir "$out" \
    --remove-producers-section \
    target/wasm32-unknown-unknown/wasm-release/frontend.wasm
# Every view carries code to be hydrated piece by piece or to be cloned from a
# template, which this page never does.
node .config/make/snip.mjs "$out/frontend_bg.wasm" "$out/snipped.wasm" hydrate_async hydrate_from_template
# The features that rustc emits, by name: --all-features could emit what browsers
# do not have yet.
.config/npm/node_modules/.bin/wasm-opt -Oz \
    --enable-bulk-memory --enable-bulk-memory-opt --enable-multivalue \
    --enable-mutable-globals --enable-nontrapping-float-to-int \
    --enable-reference-types --enable-sign-ext \
    "$out/snipped.wasm" -o "$out/frontend_bg.wasm"
rm "$out/snipped.wasm"
