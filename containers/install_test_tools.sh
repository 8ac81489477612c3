#!/usr/bin/env bash
# Debian's packages that `make image-test` builds and runs images with; where they cannot be had, its tests are skipped.
set -euo pipefail
declare -A packages=(
    [buildah]=buildah [podman]=podman [skopeo]=skopeo [runc]=runc [mmdebstrap]=mmdebstrap [iptables]=iptables [ip]=iproute2
    [curl]=curl [docker-registry]=docker-registry [htpasswd]=apache2-utils [openssl]=openssl
    [dockerd]=docker.io [docker-compose]=docker-compose [promtool]=prometheus [qemu-aarch64-static]=qemu-user-static [arch-test]=arch-test
)
missing=()
for program in "${!packages[@]}"; do command -v "$program" >/dev/null || missing+=("${packages[$program]}"); done
[ -x /usr/lib/podman/netavark ] || missing+=(netavark aardvark-dns)
command -v catatonit >/dev/null || [ -x /usr/libexec/podman/catatonit ] || missing+=(catatonit)
[ "${#missing[@]}" -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "not installed, and only root on Debian can here: ${missing[*]}"
    exit 0
fi
# no daemon of these is started: the tests start what they need, and end it
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT; }
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || echo "cannot be had: ${missing[*]}"
