#!/bin/sh
# Runs the rings in three lanes side by side: the fast ones, those that start real servers, and whole chains, which mostly wait.
# Fails when one of them fails.
set -u
python=$1
logs=$(mktemp -d)
"$python" -m pytest -q -m "integration and not chain" >"$logs/integration" 2>&1 &
integration=$!
"$python" -m pytest -q -m chain >"$logs/chain" 2>&1 &
chain=$!
"$python" -m pytest -q -m "not integration and not chain"
failed=$?
wait "$integration" || failed=1
wait "$chain" || failed=1
for lane in integration chain; do
    echo "--- $lane"
    cat "$logs/$lane"
done
rm -rf "$logs"
exit "$failed"
