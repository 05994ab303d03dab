"""Grafana dashboards as data: panels are values, a program lays them out, the JSON is committed."""
