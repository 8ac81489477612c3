#!/usr/bin/env bash
# A stand-in for the base image python:3.11-slim, made from Debian's packages where no registry can be reached.
#
#   containers/make_base.sh amd64 base.tar      (root, and Debian's mmdebstrap; about half a minute)
#   podman import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'CMD ["python3"]' base.tar docker.io/library/python:3.11-slim
#
# It has Debian's own CPython 3.11 in /usr/bin, where the official image has a build of its own in /usr/local.
set -euo pipefail
architecture=$1 output=$2

customize=(
    # an apt-get in a Dockerfile keeps no archives
    --customize-hook="printf 'DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb\"; };\n' >\"\$1\"/etc/apt/apt.conf.d/docker-clean"
    # pip may install beside Debian's packages, as in the official image
    --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
    --customize-hook='for name in python python3 python3.11; do ln -sf /usr/bin/python3.11 "$1"/usr/local/bin/$name; done'
    --customize-hook='ln -sf /usr/bin/pip3 "$1"/usr/local/bin/pip'
    # names of the machine that makes it
    --customize-hook='rm -rf "$1"/etc/hostname "$1"/etc/resolv.conf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*'
)
mmdebstrap --quiet --mode=root --variant=minbase --architectures="$architecture" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include=usr-is-merged,python3,python3-pip,python3-venv,ca-certificates,netbase,tzdata \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "${customize[@]}" bookworm "$output" "deb http://deb.debian.org/debian bookworm main"
