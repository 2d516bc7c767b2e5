#!/bin/sh
# Builds mongoimport, the rival of the benchmark, with the Go toolchain: about 30 s. Does nothing when it is there already.
# The module's list of versions is not served, the version is: hence the empty module that requires it.
set -eu
bin="${WRITEBACK_TEST_BIN:-$HOME/.cache/writeback-test/bin}"
version=v0.0.0-20240723193119-837c2bc263f4
[ -x "$bin/mongoimport" ] && exit 0
mkdir -p "$bin"
command -v go >/dev/null || { apt-get update -q && apt-get install -yq --no-install-recommends golang-go ca-certificates; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'module rival\n\ngo 1.21\n\nrequire github.com/mongodb/mongo-tools %s\n' "$version" >go.mod
GOTOOLCHAIN=auto GOFLAGS='-mod=mod -buildvcs=false' \
  go build -ldflags='-s -w' -o "$bin/mongoimport" github.com/mongodb/mongo-tools/mongoimport/main
