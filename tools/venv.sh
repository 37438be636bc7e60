#!/bin/sh
# tools/venv.sh DIR: a virtual environment of Python 3.11 or newer, with a pip that knows dependency groups (25.1).
set -eu
cd "$(dirname "$0")/.."

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "edged needs Python 3.11 or newer; this is $(python3 --version 2>&1 || true)." >&2
    echo "Debian 12, Ubuntu 24.04 and Raspberry Pi OS (bookworm) have one; else install python3.11 or newer beside it." >&2
    exit 1
fi

# Debian takes ensurepip out of Python and into a package of its own.
"$python" -c 'import ensurepip' 2>/dev/null || tools/need.sh "$(basename "$python")-venv"

echo "Creating $1 with $("$python" --version)"
"$python" -m venv "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
