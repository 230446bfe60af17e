#!/usr/bin/env bash
# The browser half: target/browser/{frontend.js,frontend_bg.wasm}, small.
. "$(dirname "$0")/env.sh"
out=target/browser

say "building the browser bundle (profile wasm-release)"
# Views as erased types: a quarter less to load. A panic is a trap, which the script
# in the page's head hears: its message, with all that words and formats it in every
# crate and in std, is left out. That takes flags of the compiler that are not stable
# yet; rust-toolchain.toml pins the compiler that they are known to work with.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--cfg erase_components \
    -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none \
    --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src= --remap-path-prefix=$root="
cargo build -p frontend --lib --target wasm32-unknown-unknown --profile wasm-release \
    -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size >&2
rm -rf "$out"
target/tools/wasm-bindgen --target web --no-typescript --out-dir "$out" \
    --remove-producers-section \
    target/wasm32-unknown-unknown/wasm-release/frontend.wasm
# The features that rustc emits, by name: --all-features could emit what browsers
# do not have yet.
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-multivalue
    --enable-mutable-globals --enable-nontrapping-float-to-int
    --enable-reference-types --enable-sign-ext)
wasm_opt=.config/npm/node_modules/.bin/wasm-opt
# Without sharing what expressions have in common: repeating them compresses better.
# Functions with one caller stay apart unless they are small. Rust puts the stack
# first, so nothing lives in the first kilobyte of memory: a number added to an
# address becomes the offset of the load.
"$wasm_opt" -Oz --skip-pass=local-cse --one-caller-inline-max-function-size=50 --low-memory-unused -g "${features[@]}" "$out/frontend_bg.wasm" -o "$out/small.wasm"
# Functions of like names are alike: side by side they compress better.
"$wasm_opt" --reorder-functions-by-name "${features[@]}" "$out/small.wasm" -o "$out/frontend_bg.wasm"
rm "$out/small.wasm"
