#!/bin/sh
# Runs the rings in two lanes: the fast ones, and those that start real servers and mostly wait. Fails when either fails.
set -u
python=$1
log=$(mktemp)
"$python" -m pytest -q -m integration >"$log" 2>&1 &
lane=$!
"$python" -m pytest -q -m "not integration"
fast=$?
wait "$lane"
slow=$?
echo "--- integration"
cat "$log"
rm -f "$log"
[ "$fast" -eq 0 ] && [ "$slow" -eq 0 ]
