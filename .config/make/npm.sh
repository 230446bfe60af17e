#!/usr/bin/env bash
# npm.sh FOLDER: what FOLDER's package-lock.json names, installed again only
# when that file has changed.
. "$(dirname "$0")/env.sh"
folder=$1

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    debian nodejs npm || exit 1
fi
node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' ||
    die "Node 20 or newer is needed, this is $(node --version): install it, then run make again"
stamp=$folder/node_modules/.installed-lock
if ! cmp -s "$folder/package-lock.json" "$stamp"; then
    say "installing the npm packages of $folder"
    (cd "$folder" && npm ci --no-fund --no-audit --loglevel=error >&2)
    cp "$folder/package-lock.json" "$stamp"
fi
