#!/usr/bin/env bash
# with-services.sh [--durable] COMMAND…: runs COMMAND with a private PostgreSQL
# and Redis on free ports of 127.0.0.1, told in EM2_TEST_POSTGRES and
# EM2_TEST_REDIS, and stops them by process id afterwards. Nothing here is synced
# to disk unless --durable is said: tests do not need it, measures do.
. "$(dirname "$0")/env.sh"

settings=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
if [ "${1:-}" = --durable ]; then
    settings=()
    shift
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/em2-services.XXXXXX")
chmod 755 "$folder"
pids=()
finish() {
    # INT is PostgreSQL's fast shutdown; Redis takes it as well.
    for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# PostgreSQL refuses to run as root.
as_postgres=()
mkdir "$folder/postgres"
if [ "$(id -u)" = 0 ]; then
    as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres: "$folder/postgres"
fi

start_postgres() {
    local bin port
    bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || return 0
    port=$(free_port)
    (cd "$folder/postgres" && "${as_postgres[@]}" "$bin/initdb" -D data -U postgres -A trust -E UTF8 \
        --locale=C.UTF-8 --no-sync >initdb.log 2>&1) || { tail -n 5 "$folder/postgres/initdb.log" >&2; die "initdb failed"; }
    (cd "$folder/postgres" && exec "${as_postgres[@]}" "$bin/postgres" -D data -h 127.0.0.1 -p "$port" -k "$folder/postgres" \
        -c max_connections=300 -c shared_buffers=256MB "${settings[@]}") >"$folder/postgres.log" 2>&1 </dev/null &
    pids+=($!)
    for _ in $(seq 100); do
        if "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; then
            export EM2_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres
            return 0
        fi
        sleep 0.1
    done
    tail -n 5 "$folder/postgres.log" >&2
    die "PostgreSQL did not start"
}

start_redis() {
    local port
    command -v redis-server >/dev/null || return 0
    port=$(free_port)
    redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" \
        >"$folder/redis.log" 2>&1 </dev/null &
    pids+=($!)
    export EM2_TEST_REDIS=redis://127.0.0.1:$port/
}

start_postgres
start_redis
"$@"
