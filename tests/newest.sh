#!/bin/sh
# Runs the rules, the dashboards and a person's chain on the newest Prometheus and Alertmanager that Debian has, fetched into .newest.
set -eu
python=$1
root=$PWD/.newest
mkdir -p "$root/lists/partial" "$root/archives/partial"
mirror=$(apt-cache policy prometheus | awk '/http/ {print $2; exit}')
echo "deb $mirror sid main" >"$root/sources.list"
options="-qq -o Dir::Etc::sourcelist=$root/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$root/lists -o Dir::Cache=$root -o APT::Sandbox::User=root"
# shellcheck disable=SC2086 # these are words
apt-get $options update
# shellcheck disable=SC2086 # these are words
(cd "$root" && rm -f ./*.deb && apt-get $options download prometheus promtool prometheus-alertmanager)
for package in "$root"/*.deb; do
    dpkg -x "$package" "$root"
done
PATH=$root/usr/bin:$PATH
prometheus --version 2>&1 | head -1
prometheus-alertmanager --version 2>&1 | head -1
promtool check rules alert-rules/*.rules.yml
promtool test rules alert-rules/tests/*.test.yml
exec "$python" -m pytest -q tests/rules tests/grafana tests/integration/test_deliveries.py tests/integration/test_person_in_charge.py
