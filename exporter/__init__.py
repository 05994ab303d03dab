"""Asks Prometheus what there is, forecasts what will run out, and publishes it as metrics."""
