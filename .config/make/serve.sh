#!/usr/bin/env bash
# Builds the server if it must and runs it on this machine's loopback address.
# Arguments go to `server serve`.
. "$(dirname "$0")/env.sh"
cargo build --release -p server >&2
exec target/release/server serve --site target/site --data data "$@"
