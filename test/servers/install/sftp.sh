#!/bin/sh
# Installs the SFTP servers that the tests use, on Debian as root: OpenSSH's sshd and ProFTPD with mod_sftp.
# No service is started: the tests start their own on free ports. Does nothing when both are there.
set -eu

if [ -x /usr/sbin/sshd ] && [ -x /usr/sbin/proftpd ] && [ -e /usr/lib/proftpd/mod_sftp.so ]; then
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made=yes
fi
trap '[ -z "$made" ] || rm -f "$policy"' EXIT

[ "$(id -u)" = 0 ] || { echo "installing sshd and ProFTPD needs root" >&2; exit 1; }
packages="openssh-server proftpd-core proftpd-mod-crypto"
# shellcheck disable=SC2086
apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends $packages || {
  apt-get -o DPkg::Lock::Timeout=120 update -q
  apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends $packages
}
