#!/usr/bin/env bash
# The AWS command line, an S3 client that is not ours: it reads back what we wrote.
set -euo pipefail
if command -v aws >/dev/null; then exit 0; fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends awscli
