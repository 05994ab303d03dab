#!/bin/sh
# Makes .venv with the package and its development tools in it, installing Debian's venv module when Python lacks it.
set -eu
python=$1
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    sh "$(dirname "$0")/packages.sh" python3-venv
fi
"$python" -m venv --clear .venv
.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
