"""The forecasting libraries, each on hourly means of up to 14 days, its own intervals read as chances (extra `bench`).

Levels are given in ranges of the series, because some of the optimisers mind 1e12. Where a model cannot be fitted (too
short, constant), the present level stays: such cases are counted.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from statsforecast.models import MSTL, AutoETS, AutoTheta
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import Holt

from bench.marginal import HOUR_SECONDS, Answer, Rising, answer_of
from bench.straight import past_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAY_HOURS = 24
MOST_HOURS = 14 * DAY_HOURS
FUTURES = 200
LEVEL = 90
# Half of a normal 90 % interval in standard deviations.
Z95 = 1.645

# Chances of being past a limit at each of so many hours ahead.
Chances = np.ndarray


class Library:
    """One model of a library as a forecaster; `failures` counts the cases that it could not be fitted to."""

    def __init__(self, chances: Callable[[np.ndarray, int, float], Chances]) -> None:
        self._chances = chances
        self.failures = 0

    def __call__(self, request: Mapping[str, Any]) -> Answer:
        """Answer a request of the scorer."""
        rising = Rising.of(request)
        levels = rising.hourly(MOST_HOURS)
        unit = float(np.ptp(levels)) or 1.0
        hours = int(rising.horizon // HOUR_SECONDS)
        present = float(rising.levels[-1] >= rising.limit)
        chances = self._fitted((levels - levels[-1]) / unit, hours, (rising.limit - levels[-1]) / unit)
        seconds = HOUR_SECONDS * np.arange(hours + 1.0)
        return answer_of(seconds, np.append(present, np.full(hours, present) if chances is None else chances), rising.horizon)

    def _fitted(self, levels: np.ndarray, hours: int, limit: float) -> Chances | None:
        # The libraries raise whatever they like, and warn of much.
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                chances = self._chances(levels, hours, limit)
        except Exception:  # noqa: BLE001
            chances = np.full(hours, np.nan)
        if np.isfinite(chances).all():
            return chances
        self.failures += 1
        return None


def holt_damped(levels: np.ndarray, hours: int, limit: float) -> Chances:
    """Count which of the fitted model's simulated futures have reached the limit: the one library with first passages."""
    fitted = Holt(levels, damped_trend=True, initialization_method="estimated").fit()
    futures = fitted.simulate(hours, anchor="end", repetitions=FUTURES, error="add", random_state=np.random.default_rng(0))
    return (np.maximum.accumulate(futures, axis=0) >= limit).mean(axis=1)


def ets(levels: np.ndarray, hours: int, limit: float) -> Chances:
    """Damped additive trend, additive season of a day where two days were seen."""
    season = {"seasonal": "add", "seasonal_periods": DAY_HOURS} if levels.size >= 2 * DAY_HOURS else {}
    fitted = ETSModel(pd.Series(levels), error="add", trend="add", damped_trend=True, **season).fit(disp=0)
    frame = fitted.get_prediction(levels.size, levels.size + hours - 1).summary_frame(alpha=1 - LEVEL / 100)
    return _by_interval(frame["mean"], frame["pi_lower"], frame["pi_upper"], limit)


def theta(levels: np.ndarray, hours: int, limit: float) -> Chances:
    """Theta with an additive season of a day where two days were seen."""
    seasonal = levels.size >= 2 * DAY_HOURS
    model = ThetaModel(pd.Series(levels), period=DAY_HOURS if seasonal else 1, deseasonalize=seasonal, method="additive")
    fitted = model.fit()
    frame = fitted.prediction_intervals(hours, alpha=1 - LEVEL / 100)
    return _by_interval(fitted.forecast(hours), frame["lower"], frame["upper"], limit)


def statsforecast(make: Callable[[int], Any]) -> Callable[[np.ndarray, int, float], Chances]:
    """Return chances by a model of statsforecast, made for a season of a day where two days were seen, else of one hour."""

    def chances(levels: np.ndarray, hours: int, limit: float) -> Chances:
        model = make(DAY_HOURS if levels.size >= 2 * DAY_HOURS else 1)
        found = model.forecast(y=levels, h=hours, level=[LEVEL])
        return _by_interval(found["mean"], found[f"lo-{LEVEL}"], found[f"hi-{LEVEL}"], limit)

    return chances


def _by_interval(middle: Any, low: Any, high: Any, limit: float) -> Chances:
    """Take a 90 % interval for that of a normal distribution."""
    error = (np.asarray(high, float) - np.asarray(low, float)) / (2 * Z95)
    return past_limit(np.asarray(middle, float), error, limit)


def forecasters() -> dict[str, Library]:
    """Return all of them by name."""
    return {
        "statsmodels Holt damped": Library(holt_damped),
        "statsmodels ETS": Library(ets),
        "statsmodels Theta": Library(theta),
        "statsforecast AutoETS": Library(statsforecast(lambda season: AutoETS(season_length=season))),
        "statsforecast MSTL": Library(statsforecast(lambda season: MSTL([season]) if season > 1 else AutoETS(season_length=1))),
        "statsforecast AutoTheta": Library(statsforecast(lambda season: AutoTheta(season_length=season))),
    }
