#!/bin/sh
# Installs the Debian packages named as arguments that are missing, without starting or enabling their services.
set -eu
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "error: these Debian packages are missing:$missing; install them as root: apt-get install$missing" >&2
    exit 1
fi
echo "installing$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# A machine that has never fetched package lists has none; one that has may hold old ones.
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "error: the Debian packages could not be installed:$missing" >&2
    exit 1
fi
rm -f "$log"
if [ -d /run/systemd/system ]; then
    for unit in prometheus prometheus-alertmanager prometheus-node-exporter; do
        case " $missing " in *" $unit "*) systemctl disable "$unit" 2>/dev/null || true ;; esac
    done
fi
