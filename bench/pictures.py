"""The pictures of docs/forecasting.md, drawn from the measurements as SVG without fonts of their own."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from bench.examples import EXAMPLES, Example
from bench.scorer import reliability
from bench.tables import BY, OURS, UNLEARNED, read

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from matplotlib.axes import Axes

mpl.use("svg")
from matplotlib import pyplot as plt

OWN, GREY = "#1f6feb", "#8b949e"
# What is shown beside us, where all would be too many, and in which colour.
SHOWN = {
    "predict_linear[7d]": "#c9510c",
    "predict_linear[7d] with Gaussian residuals": "#e3a008",
    "statsforecast MSTL": "#2da44e",
    "statsforecast AutoTheta": "#8250df",
    UNLEARNED: GREY,
}
LABEL = {OURS: "Homeostat", UNLEARNED: "unlearned law"}
DAY_SECONDS = 86400
# A share of fewer cases than this is noise.
FEWEST_CASES = 12
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "homeostat",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
Found = dict[str, dict[str, Any]]


def draw(folder: pathlib.Path) -> None:
    """Draw all pictures from the measurements in `folder`, into it."""
    found = read(folder)
    pictures: dict[str, Callable[[Found], Any]] = {
        "reliability": _reliability,
        "brier": _brier,
        "leak": _leak,
        "reruns": _reruns,
        "examples": lambda _: _examples(),
    }
    with mpl.rc_context(STYLE):
        for name, picture in pictures.items():
            figure = picture(found)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            plt.close(figure)


def _reliability(found: Found) -> Any:
    """Draw what was forecast against what happened; a dot's area grows with its cases."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.9))
    _reliability_of(left, found, "exhaustion")
    _reliability_of(right, found, "fleet")
    left.set_ylabel("share that crossed")
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _reliability_of(axes: Axes, found: Found, task: str) -> None:
    others = {name: found["accuracy"][task][name]["reliability"] for name in ("predict_linear[7d] with Gaussian residuals", "statsforecast MSTL")}
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=":")
    for name, bins in {**others, OURS: reliability(found["left-out"][task]["probabilities"])}.items():
        chances, crossed, counts = zip(*_merged(bins), strict=True)
        colour = SHOWN.get(name, OWN)
        axes.plot(chances, crossed, color=colour, lw=1.6 if name == OURS else 1, label=LABEL.get(name, name))
        axes.scatter(chances, crossed, s=6 + 90 * np.array(counts) / sum(counts), color=colour, zorder=3)
    axes.set_title(f"{task} ({found['left-out'][task]['base_rate']:.0%} cross)")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="forecast probability", aspect="equal")


def _merged(bins: list[list[float]]) -> list[list[float]]:
    """Join each bin that has too few cases to tell a share with the next lower one."""
    merged: list[list[float]] = []
    for chance, crossed, count in reversed(bins):
        if merged and merged[-1][2] < FEWEST_CASES:
            above = merged.pop()
            together = count + above[2]
            merged.append([(chance * count + above[0] * above[2]) / together, (crossed * count + above[1] * above[2]) / together, together])
        else:
            merged.append([chance, crossed, count])
    return merged[::-1]


def _brier(found: Found) -> Any:
    """Draw the Brier score by horizon and family, lower is better."""
    scores = {**{name: found["accuracy"]["exhaustion"][name] for name in SHOWN}, OURS: found["left-out"]["exhaustion"]}
    figure, axes = plt.subplots(figsize=(7.6, 3.2))
    width = 0.8 / len(scores)
    for number, (name, score) in enumerate(scores.items()):
        values = [score["brier"], *(score["by"][key]["brier"] for key in BY)]
        places = np.arange(len(values)) + (number - (len(scores) - 1) / 2) * width
        axes.bar(places, values, width, color=SHOWN.get(name, OWN), label=LABEL.get(name, name))
    axes.set_xticks(range(len(BY) + 1), ["all", *BY.values()])
    axes.set_ylabel("Brier score (lower is better)")
    axes.legend(fontsize=8, ncols=2)
    axes.set_ylim(0, 0.55)
    return figure


def _leak(found: Found) -> Any:
    """Draw recall against precision."""
    scores = {**found["leak"], OURS: found["left-out"]["leak"]}
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for name, score in scores.items():
        colour = OWN if name == OURS else "#c9510c"
        axes.scatter(score["recall"], score["precision"], s=50, color=GREY if name == UNLEARNED else colour)
        side = -1 if score["recall"] > 0.8 else 1
        align = "right" if side < 0 else "left"
        axes.annotate(LABEL.get(name, name.replace("`", "")), (score["recall"], score["precision"]), (side * 8, -3), textcoords="offset points", ha=align)
    axes.set(xlim=(0, 1.03), ylim=(0, 1.05), xlabel="recall: leaks that are flagged", ylabel="precision: flags that are leaks")
    return figure


def _reruns(found: Found) -> Any:
    """Draw false flags against delay, for each confidence, as persistence grows."""
    figure, axes = plt.subplots(figsize=(5.2, 3.4))
    rows = [row for row in found["reruns"]["rows"] if row["delay_hours"] is not None]
    confidences = sorted({row["confidence"] for row in rows if "confidence" in row})
    for confidence, shade in zip(confidences, np.linspace(1, 0.3, len(confidences)), strict=True):
        own = [row for row in rows if row.get("confidence") == confidence]
        places = [(row["delay_hours"], row["quiet_ever_flagged"]) for row in own]
        axes.plot(*zip(*places, strict=True), "o-", color=OWN, alpha=shade, ms=4, label=f"Homeostat, confidence ≥ {confidence:g}")
        for row, place in zip(own, places, strict=True):
            if shade == 1:
                axes.annotate(f"{row['persistence']}x", place, (3, 4), textcoords="offset points", fontsize=7)
    for row in rows:
        if "rule" in row:
            axes.plot(row["delay_hours"], row["quiet_ever_flagged"], "s", color="#c9510c", ms=5)
            axes.annotate(row["rule"].replace("`", ""), (row["delay_hours"], row["quiet_ever_flagged"]), (7, -3), textcoords="offset points", fontsize=8)
    axes.add_patch(plt.Rectangle((0, 0), 51, 0.15, color="#2da44e", alpha=0.15, lw=0))
    axes.text(2, 0.05, "target", color="#2da44e")
    axes.set(xlim=(0, None), ylim=(0, 1.03), xlabel="median delay from onset to flag (hours)", ylabel="quiet services ever flagged")
    axes.legend(fontsize=8)
    return figure


def _examples() -> Any:
    """Draw forecasts of generated disks, with what came of them."""
    figure, panels = plt.subplots(len(EXAMPLES), 1, figsize=(7.6, 3.1 * len(EXAMPLES)))
    for axes, (title, make) in zip(panels, EXAMPLES.items(), strict=True):
        _example(axes, title, make())
    return figure


def _example(axes: Axes, title: str, example: Example) -> None:
    curve, given = example.forecast.curve, example.forecast
    ahead = curve.ahead_seconds / DAY_SECONDS
    axes.plot(example.past_seconds / DAY_SECONDS, example.past, color="#24292f", lw=0.9, label="seen")
    axes.plot(example.future_seconds / DAY_SECONDS, example.future, color=GREY, lw=0.9, ls=":", label="what came")
    axes.fill_between(ahead, curve.lower, curve.upper, color=OWN, alpha=0.15, lw=0)
    axes.plot(ahead, curve.median, color=OWN, lw=1.4, label="forecast, 90 % band")
    axes.axhline(example.limit, color="#c9510c", lw=1)
    axes.set_ylim(example.past.min() - 8, example.limit + 12)
    chances = ", ".join(f"{seconds / DAY_SECONDS:g} d: {chance:.0%}" for seconds, chance in given.probabilities.items())
    axes.set_title(f"{title}. Probability within {chances}", loc="left", fontsize=9)
    axes.set_xlabel("\n".join(["days from now", "", *textwrap.wrap(given.explanation, 125)]), fontsize=8, loc="left")
    axes.set_ylabel("used, % of disk")
    axes.legend(fontsize=8, loc="upper left", ncols=3)
