#!/usr/bin/env bash
# Who may import whom, as far as the dependency graph tells it: nothing of the
# server reaches the browser, and the model stays pure.
. "$(dirname "$0")/env.sh"

# forbid WHAT WHY PATTERN ARGUMENT…: fails when `cargo tree ARGUMENT…` names a crate of PATTERN.
forbid() {
    local what=$1 why=$2 pattern=$3 found
    shift 3
    found=$(cargo tree --locked -e normal --prefix none --format '{p}' "$@" | cut -d' ' -f1 | sort -u | grep -xE "$pattern" || true)
    if [ -n "$found" ]; then
        say "$what names $(echo $found): $why"
        return 1
    fi
}

status=0
forbid "the browser bundle" "it sees the world through HTTP and a socket only" \
    'tokio|axum|axum-core|tower-http|hyper|hyper-util|sqlx.*|libsqlite3-sys|redis|lettre|reqwest|rustls|aws-lc.*|ring|argon2|ammonia|server|chrono|jiff|time' \
    -p frontend --target wasm32-unknown-unknown || status=1
forbid "the model" "it performs no I/O, reads no clock and draws no randomness" \
    'leptos.*|tokio|web-sys|js-sys|gloo-.*|getrandom|rand|rand_chacha|fastrand|jiff|chrono|time|uuid' \
    -p em2-model --target wasm32-unknown-unknown || status=1
forbid "the views" "they see the world through Backend and state" \
    'tokio|axum|sqlx.*|gloo-net|reqwest|hyper|web-sys|js-sys|wasm-bindgen' \
    -p app --features hydrate --depth 1 --target wasm32-unknown-unknown || status=1
exit "$status"
