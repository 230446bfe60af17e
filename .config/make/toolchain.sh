#!/usr/bin/env bash
# The compiler of rust-toolchain.toml with its wasm target, a C compiler, and
# the wasm-bindgen tool of the version that Cargo.lock pins. Quick when all is there.
. "$(dirname "$0")/env.sh"

command -v cc >/dev/null || debian gcc libc6-dev || exit 1
if ! command -v rustup >/dev/null; then
    debian rustup || die "rustup is needed: install it as https://rustup.rs says, then run make again"
fi

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
sysroot=$(rustup run "$channel" rustc --print sysroot 2>/dev/null || true)
if [ -z "$sysroot" ] || [ ! -d "$sysroot/lib/rustlib/wasm32-unknown-unknown" ] ||
    [ ! -d "$sysroot/lib/rustlib/src/rust/library" ] ||
    [ ! -x "$sysroot/bin/cargo-clippy" ] || [ ! -x "$sysroot/bin/rustfmt" ]; then
    say "installing Rust $channel with its wasm target"
    rustup toolchain install "$channel" --profile minimal \
        -c rustfmt -c clippy -c rust-src -t wasm32-unknown-unknown >&2 ||
        die "rustup could not install Rust $channel: is the network there?"
fi

# The crate and the tool must be of one version. The tool is kept per machine,
# not per checkout: building it takes minutes.
version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/em2/wasm-bindgen-$version
is_pinned() { [ "$("$1" --version 2>/dev/null)" = "wasm-bindgen $version" ]; }
mkdir -p target/tools
if is_pinned "$tools/bin/wasm-bindgen"; then
    found=$tools/bin/wasm-bindgen
elif is_pinned wasm-bindgen; then
    found=$(command -v wasm-bindgen)
else
    say "building wasm-bindgen $version (once per machine, some minutes)"
    # Without --locked: a registry mirror may lag behind the newest lock files.
    # Optimised lightly: the tool runs for a second, building it takes minutes.
    CARGO_TARGET_DIR=$root/target/tools/wasm-bindgen-build \
        cargo install wasm-bindgen-cli --version "=$version" --bin wasm-bindgen \
        --config profile.release.opt-level=1 --root "$tools" >&2
    rm -rf target/tools/wasm-bindgen-build
    found=$tools/bin/wasm-bindgen
fi
if [ "$(readlink target/tools/wasm-bindgen 2>/dev/null)" != "$found" ]; then
    ln -sfn "$found" target/tools/wasm-bindgen
fi
