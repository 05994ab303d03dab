#!/bin/sh
# Runs the rings in lanes side by side: the fast ones, in two lanes those that start real servers, whole chains, and the workflows
# in two homes of their own; all but the first mostly wait. Fails when one of them fails.
set -u
python=$1
logs=$(mktemp -d)
"$python" -m pytest -q -m "integration and not chain and not home" tests/integration/test_[a-h]*.py >"$logs/integration" 2>&1 &
integration=$!
"$python" -m pytest -q -m "integration and not chain and not home" --ignore-glob="tests/integration/test_[a-h]*.py" >"$logs/integration-more" 2>&1 &
others=$!
"$python" -m pytest -q -m chain >"$logs/chain" 2>&1 &
chain=$!
"$python" -m pytest -q -m home --durations=5 tests/integration/workflows/test_[a-g]*.py >"$logs/home" 2>&1 &
home=$!
"$python" -m pytest -q -m home --durations=5 tests/integration/workflows/test_[!a-g]*.py >"$logs/home-more" 2>&1 &
more=$!
"$python" -m pytest -q -m "not integration and not chain and not home"
failed=$?
wait "$integration" || failed=1
wait "$others" || failed=1
wait "$chain" || failed=1
wait "$home" || failed=1
wait "$more" || failed=1
for lane in integration integration-more chain home home-more; do
    echo "--- $lane"
    cat "$logs/$lane"
done
rm -rf "$logs"
exit "$failed"
