"""The account of a cleanup: when it goes on, when it stops, and what it says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.model import Prediction
from actor.reckoning import Freed, Reckoning

MIB = 1024 * 1024


def part(least: int, freed: int, *, most: int | None = None, others: int = 0, free: int = 0) -> Freed:
    predicted = Prediction(least_bytes=least * MIB, most_bytes=(least if most is None else most) * MIB)
    return Freed(predicted=predicted, freed_bytes=freed * MIB, others_bytes=others * MIB, free_bytes=free * MIB)


@pytest.mark.parametrize(
    ("seen", "so"),
    [
        (part(100, 100), True),
        (part(100, 80), True),
        (part(100, 79), False),
        (part(100, 120), True),
        (part(100, 121), False),
        (part(100, 230, most=200), True),
        (part(100, 241, most=200), False),
        (part(100, 50, others=30), True),
        (part(100, 49, others=30), False),
        (part(0, 0), True),
        (part(0, 1), False),
    ],
)
def test_a_fifth_and_what_others_wrote_is_borne(seen: Freed, so: bool) -> None:
    assert seen.as_predicted == so


def test_it_goes_on_until_as_much_is_free_as_was_wanted() -> None:
    account = Reckoning(target_bytes=200 * MIB)
    assert not account.over
    account = account.after({"moved": 3})
    assert not account.over
    account = account.after({"freed": msgspec.to_builtins(part(100, 100, free=199))})
    assert not account.over
    account = account.after({"freed": msgspec.to_builtins(part(100, 90, free=200))})
    assert (account.over, account.reached, account.mispredicted) == (True, True, None)
    assert account.sentence == "freed 199 MB of 210 MB predicted, in 2 parts; the target of 210 MB free is reached"


def test_a_misprediction_ends_it_with_both_numbers() -> None:
    account = Reckoning(target_bytes=200 * MIB).after({"freed": msgspec.to_builtins(part(100, 10, most=150, free=10))})
    assert account.over
    assert account.sentence == "predicted to free 105 MB to 157 MB, measured 10.5 MB: off by more than 20%, so it ended there"


def test_without_a_target_only_a_misprediction_ends_it() -> None:
    assert not Reckoning(freed=(part(1, 1, free=10**9),)).over


@given(st.integers(0, 2**50), st.integers(0, 2**50), st.integers(-(2**50), 2**50), st.integers(0, 2**50))
def test_what_others_wrote_and_what_is_pinned_only_ever_excuses(least: int, pinned: int, freed: int, others: int) -> None:
    strict = Freed(predicted=Prediction(least_bytes=least, most_bytes=least), freed_bytes=freed, others_bytes=0, free_bytes=0)
    lax = Freed(predicted=Prediction(least_bytes=least, most_bytes=least + pinned), freed_bytes=freed, others_bytes=others, free_bytes=0)
    assert strict.as_predicted <= lax.as_predicted
    assert strict.as_predicted == (abs(freed - least) <= 0.2 * least)
