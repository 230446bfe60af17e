#!/usr/bin/env bash
# test.sh all|lint|chaos|end2end [ARGUMENT for Playwright…]: the checks, each told as it
# starts, and a closing line with what their runners counted. A check goes on to
# the next when it fails. What cannot be installed here is skipped in one
# sentence; with CI=true that is a failure.
. "$(dirname "$0")/env.sh"
part=$1
shift
scripts=.config/make
logs=target/test
mkdir -p "$logs"
passed=0 failed=0 skipped=0

count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

# step NAME COMMAND…: a check that is one thing.
step() {
    local name=$1 from=$SECONDS
    shift
    say "$name"
    if "$@"; then
        count 1 0 0
        say "$name: done in $((SECONDS - from)) s"
    else
        count 0 1 0
        say "$name: FAILED after $((SECONDS - from)) s"
    fi
}

# need PROGRAM PACKAGE WHAT: true when PROGRAM is here, by then.
need() {
    [ -n "$(compgen -G "$1")" ] || command -v "$1" >/dev/null || debian "$2" || {
        say "skipped for want of $2: $3"
        if [ "${CI:-}" = true ]; then count 0 1 0; else count 0 0 1; fi
        return 1
    }
}

lint() {
    step "formatting" cargo fmt --all --check
    step "clippy, this machine" cargo clippy --locked --all-targets "${host_packages[@]}" -- -D warnings
    step "clippy, the browser" cargo clippy --locked -p frontend --target wasm32-unknown-unknown -- -D warnings
    step "who may import whom" "$scripts/wasm-tree.sh"
    if command -v cargo-deny >/dev/null; then
        step "bans, licences and sources" cargo deny --log-level error check bans licenses sources
    fi
}

# The tests of Rust, on both engines where PostgreSQL is to be had.
rust() {
    local log=$logs/cargo.log status=0 from=$SECONDS counts
    need '/usr/lib/postgresql/*/bin/postgres' postgresql "the storage tests on PostgreSQL" || true
    need redis-server redis-server "the tests on Redis" || true
    need python3 python3 "the check of a conversation as a file by docs/verify.py" || true
    need strace strace "the proof that nothing is acknowledged before it is synced" || true
    say "model and server tests"
    "$scripts/with-services.sh" cargo test --locked --no-fail-fast "${host_packages[@]}" 2>&1 | tee "$log" || status=1
    read -r -a counts < <(awk '/^test result:/ { p += $4; f += $6; i += $8 } END { print p + 0, f + 0, i + 0 }' "$log")
    count "${counts[@]}"
    if [ "$status" != 0 ] && [ "${counts[1]}" = 0 ]; then count 0 1 0; fi
    say "model and server tests: ${counts[0]} passed, ${counts[1]} failed in $((SECONDS - from)) s"
}

# Real servers that are killed behind a network that fails, for as long as EM2_CHAOS_SECONDS says.
chaos() {
    step "chaos" cargo test --locked "${host_packages[@]}" --test chaos -- --nocapture
}

end2end() {
    local report=$root/$logs/playwright.json status=0 from=$SECONDS counts
    need "${EM2_CHROMIUM:-chromium}" chromium "every journey in a real browser" || return 0
    "$scripts/npm.sh" end2end
    step "types of the journeys" npm --prefix end2end run --silent types
    # The same graph as the tests: their build makes this server.
    if ! cargo test --locked --no-run "${host_packages[@]}" 2>"$logs/build.log"; then
        tail -n 30 "$logs/build.log" >&2
        count 0 1 0
        return 0
    fi
    say "journeys in real browsers"
    rm -f "$report"
    (cd end2end && PLAYWRIGHT_JSON_OUTPUT_FILE=$report node_modules/.bin/playwright test --reporter=list,json "$@") || status=1
    read -r -a counts < <(node -e '
        const { stats } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))
        console.log(stats.expected + stats.flaky, stats.unexpected, stats.skipped)' "$report" 2>/dev/null || echo "0 0 0")
    count "${counts[@]}"
    if [ "$status" != 0 ] && [ "${counts[1]}" = 0 ]; then count 0 1 0; fi
    say "journeys: ${counts[0]} passed, ${counts[1]} failed in $((SECONDS - from)) s"
}

"$scripts/toolchain.sh"
case $part in
lint) lint ;;
chaos) chaos ;;
end2end)
    step "browser bundle and its budget" make site
    end2end "$@"
    ;;
all)
    lint
    rust
    step "browser bundle and its budget" make site
    end2end
    ;;
*) die "test.sh: no such part: $part" ;;
esac

closing="em2: $passed passed, $failed failed"
if [ "$skipped" != 0 ]; then closing="$closing, $skipped skipped"; fi
echo "$closing"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
