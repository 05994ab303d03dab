"""What a report says, as data that JSON holds; None is what is not known, and of times what never comes."""

from __future__ import annotations

from typing import Literal

import msgspec

from homeostat.holds import Hold
from homeostat.words import Level, Mode, Outcome, Risk

Became = Literal["came true", "unforeseen", "averted", "gone", "open"]
Tone = Literal["good", "waits", "bad", "plain"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which stretch of time (Unix seconds) a report is of, on which host, and by whose clocks and addresses it is told."""

    host: str
    period: str
    since: float
    until: float
    location: str = "Local"
    console: str = ""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How often an action ended so at a target."""

    action: str
    target: str
    outcome: Outcome
    count: int


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """How many incidents ended in one part of the period, by what that means to a person."""

    begins_at: float
    counts: dict[Tone, int]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How many executions were verified and lasted, of how many."""

    successes: int = 0
    trials: int = 0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a line: what was done, or would have been, and why."""

    id: str
    problem: str
    target: str
    action: str
    outcome: Outcome
    at: float
    words: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that waits for a person until a Unix time."""

    id: str
    problem: str
    target: str
    action: str
    risk: str
    confidence: float | None
    expires_at: float


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """How many incidents of an action a gate said no to, and how: `refuse`, `defer` or `confirm`."""

    gate: str
    answer: str
    action: str
    incidents: int


class Earning(msgspec.Struct, frozen=True, kw_only=True):
    """What an action's confidence was on average, what it would be after so many more successes, and how many executing needs (None: never)."""

    action: str
    risk: Risk
    confidence: float
    successes: int
    trials: int
    after: tuple[tuple[int, float], ...]
    to_notify: int | None
    to_auto: int | None


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """When a problem at a target was acted on."""

    problem: str
    target: str
    at: float


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the actor's journal tells of a period and of now; `earlier` and `before` are of the period before it."""

    mode: Mode
    level: Level
    counts: tuple[Count, ...] = ()
    earlier: tuple[Count, ...] = ()
    slots: tuple[Slot, ...] = ()
    tried: Tried = Tried()
    before: Tried = Tried()
    month: Tried = Tried()
    failed: tuple[Told, ...] = ()
    shadowed: tuple[Told, ...] = ()
    unanswered: tuple[Told, ...] = ()
    acted: tuple[Acted, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    holds: tuple[Hold, ...] = ()
    silences_known: bool = True
    refusals: tuple[Refusal, ...] = ()
    lessons: tuple[str, ...] = ()
    earning: tuple[Earning, ...] = ()
    approved: int = 0
    denied: int = 0
    proved_at: float = 0.0

    def ended(self, *outcomes: Outcome) -> int:
        """Return how many incidents of the period ended as one of these; in a line each only the newest are told."""
        return sum(one.count for one in self.counts if one.outcome in outcomes)


class RunsOut(msgspec.Struct, frozen=True, kw_only=True):
    """What reaches its limit, in seconds (None: never) as median and 90 % interval, and what will be done about it."""

    problem: str
    target: str
    resource: str
    used: float | None
    lower: float | None
    median: float
    upper: float | None
    action: str
    decision: str


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """The course of one usage (1 is the limit) until now and as it is expected, with its 90 % band; times are Unix seconds."""

    problem: str
    target: str
    now: float
    times: tuple[float, ...] = ()
    past: tuple[float, ...] = ()
    ahead: tuple[float, ...] = ()
    lower: tuple[float, ...] = ()
    median: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The mean confidence of the decisions of 7 days for an action, and how far that is from the 7 days before, as the rules record them."""

    mean: float
    change: float | None


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What Prometheus knows at this moment."""

    forecasts: int = 0
    runs_out: tuple[RunsOut, ...] = ()
    outlook: Outlook | None = None
    measures: dict[str, float] = {}
    decided: dict[str, Decided] = {}
    scores: dict[str, float] = {}
    penalties: dict[str, float] = {}
    blind: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    proven_backups: tuple[str, ...] = ()


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A course over the period and the one before it, with the mean of each."""

    name: str
    mean: float | None
    before: float | None
    times: tuple[float, ...]
    values: tuple[float, ...]


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """The stretches (Unix seconds, from first to last) in which a problem was asserted, and in which its target was at its limit."""

    problem: str
    target: str
    resource: str
    asserted: tuple[tuple[float, float], ...] = ()
    at_limit: tuple[tuple[float, float], ...] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What Prometheus remembers of the period and the one before it, read every `step` seconds."""

    step: float
    confidence: tuple[Trend, ...] = ()
    scores: tuple[Trend, ...] = ()
    foreseen: tuple[Foreseen, ...] = ()


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a prediction in the period: when it was made (None: never), and when it ended so."""

    problem: str
    target: str
    resource: str
    became: Became
    made_at: float | None
    at: float


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """How good the forecasts of one horizon were, as the exporter's API tells it."""

    scored: int
    brier: float | None
    expected: float | None
    crossed: float | None
    coverage: float | None
    time_error: float | None
    pending: int


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """What a person might do, what speaks for it, and with which command."""

    advice: str
    evidence: str
    command: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it; of what could not be learned `unknown` says why."""

    asked: Asked
    made_at: float
    record: Record | None = None
    now: Now | None = None
    past: Past | None = None
    accuracy: dict[str, Accuracy] | None = None
    predictions: tuple[Prediction, ...] = ()
    unproven: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
