#!/bin/sh
# tools/need.sh 'PACKAGE=TEST' PACKAGE … : makes sure that the distribution's packages are there.
#
# `PACKAGE=TEST` is content when that shell command succeeds, wherever what it finds came from; a bare `PACKAGE` asks dpkg.
# Installs what is missing as root or with passwordless sudo; otherwise ends with the one line to type.
set -eu

# Debian keeps daemons in sbin, which is not on an ordinary user's PATH.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

missing=""
for need in "$@"; do
    case $need in
        *=*) sh -c "${need#*=}" >/dev/null 2>&1 || missing="$missing ${need%%=*}" ;;
        *) dpkg-query -W -f='${Status}' "$need" 2>/dev/null | grep -q ' installed$' || missing="$missing $need" ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing:$missing (names of the Debian packages). Install them with this system's package manager, then run make again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    root="env"
elif sudo -n true 2>/dev/null; then
    root="sudo -n env"
else
    echo "Missing system packages. Type this line, then run make again:" >&2
    echo "    sudo apt-get install -y$missing" >&2
    exit 1
fi

apt() { $root DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }
known() { for package in $missing; do apt-cache show "$package" >/dev/null 2>&1 || return 1; done; }
install() { apt install -y --no-install-recommends $missing >"$log" 2>&1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing system packages:$missing"
known || apt update
# A list that is too old names versions which the mirror no longer has.
install || { apt update && install; } || {
    tail -n 20 "$log" >&2
    echo "Could not install:$missing. Install them in another way, then run make again." >&2
    exit 1
}

# Wanted is the program, not a service listening on every interface from now on.
if [ -d /run/systemd/system ]; then
    for package in $missing; do
        for unit in $(dpkg -L "$package" | sed -n 's|.*/systemd/system/\([^/@]*\.service\)$|\1|p'); do
            $root systemctl disable --now --quiet "$unit"
        done
    done
fi
