#!/usr/bin/env bash
# bench.sh NAME [ARGUMENT for the driver…]: release builds of the server, of the
# floor and of what measures them, then all measures on SQLite and, where it is
# to be had, on a PostgreSQL of its own that syncs. The tables are printed and
# kept in target/bench/NAME.md.
. "$(dirname "$0")/env.sh"
name=$1
shift
out=target/bench/$name.md
mkdir -p target/bench

.config/make/toolchain.sh
.config/make/npm.sh end2end
[ -n "$(compgen -G "${EM2_CHROMIUM:-/usr/bin/chromium}")" ] || debian chromium
say "building the server, the floor and the driver (release)"
cargo build --locked --release -p server -p floor -p bench >&2
[ -n "$(compgen -G '/usr/lib/postgresql/*/bin/postgres')" ] || debian postgresql ||
    say "without PostgreSQL only SQLite is measured"
# Ten thousand sockets need as many descriptors, on both ends.
ulimit -n "$(ulimit -H -n)"
say "measuring: the tables go to $out"
.config/make/with-services.sh --durable target/release/bench \
    --command "make $name" --out "$out" "$@"
