"""When a series reaches its limit, how probably, and whether it leaks: numpy in, frozen results out."""

from __future__ import annotations

from forecasting.forecaster import forecast
from forecasting.model import Bounds, Curve, Direction, Forecast, Leak, Limit, Question, Reason, Series, Terms

__all__ = ["Bounds", "Curve", "Direction", "Forecast", "Leak", "Limit", "Question", "Reason", "Series", "Terms", "forecast"]
