#!/bin/sh
# The benchmark's rivals that Debian packages: rclone, pigz, zstd, curl and OpenSSH's client. Does nothing when all are there.
set -eu
missing=
for command in rclone pigz zstd curl; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
command -v sftp >/dev/null || missing="$missing openssh-client"
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=120 update -q
# shellcheck disable=SC2086
apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends $missing
