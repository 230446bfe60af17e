# Sourced by the scripts beside it: where things are, and how they speak.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=$root/target
export CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-auto}
# Views as erased types: a quarter less for a browser to load. They mark places in
# a page that other views do not, so the server writes them in the same way.
export CARGO_BUILD_RUSTFLAGS="--cfg erase_components"

# One graph for everything built for this machine: the same packages in clippy,
# in the tests and for the server that the browser tests start, so that Cargo
# unifies features once and compiles each dependency once.
host_packages=(-p em2-model -p app -p server -p floor -p bench)

say() { printf 'em2: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# As whom to install Debian packages: prints the prefix, fails where it is not allowed.
as_root() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        return 0
    fi
    sudo -n true 2>/dev/null && echo "sudo -n"
}

# debian PACKAGE…: installs what is missing, without letting any of it start a
# service. Fails with one sentence where it may not.
debian() {
    local prefix policy=/usr/sbin/policy-rc.d status=0
    prefix=$(as_root) || {
        say "missing here: $*. Install with: sudo apt-get install $*"
        return 1
    }
    say "installing from Debian: $*"
    local made_policy=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $prefix tee "$policy" >/dev/null
        $prefix chmod 755 "$policy"
        made_policy=1
    fi
    {
        $prefix apt-get update -q &&
            $prefix env DEBIAN_FRONTEND=noninteractive \
                apt-get install -q -y --no-install-recommends "$@"
    } >"$root/target/debian.log" 2>&1 </dev/null || status=1
    if [ -n "$made_policy" ]; then
        $prefix rm -f "$policy"
    fi
    if [ "$status" != 0 ]; then
        tail -n 5 "$root/target/debian.log" >&2
        say "could not install $*: see target/debian.log"
    fi
    return "$status"
}

mkdir -p "$root/target"
