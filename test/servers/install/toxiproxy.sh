#!/bin/sh
# Builds toxiproxy with the Go toolchain: a few seconds. Run as root on Debian 12; does nothing when it is there already.
set -eu
bin="${WRITEBACK_TEST_BIN:-$HOME/.cache/writeback-test/bin}"
[ -x "$bin/toxiproxy" ] && exit 0
mkdir -p "$bin"
command -v go >/dev/null || { apt-get update -q && apt-get install -yq --no-install-recommends golang-go ca-certificates; }
GOBIN="$bin" GOTOOLCHAIN=auto go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0
# The module calls its binary "server".
mv "$bin/server" "$bin/toxiproxy"
