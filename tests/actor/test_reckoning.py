"""The account of a cleanup: when it goes on, when it stops, and what it says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.model import Prediction
from actor.reckoning import Freed, Reckoning, size_in_words

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
    assert account.sentence == "freed 190.0 MiB of 200.0 MiB predicted, in 2 parts; the target of 200.0 MiB free is reached"


def test_a_misprediction_ends_it_with_both_numbers() -> None:
    account = Reckoning(target_bytes=200 * MIB).after({"freed": msgspec.to_builtins(part(100, 10, most=150, free=10))})
    assert account.over
    assert account.sentence == "predicted to free 100.0 MiB to 150.0 MiB, measured 10.0 MiB: off by more than 20%, so it ended there"


def test_without_a_target_only_a_misprediction_ends_it() -> None:
    assert not Reckoning(freed=(part(1, 1, free=10**9),)).over


@given(st.integers(0, 2**50), st.integers(0, 2**50), st.integers(-(2**50), 2**50), st.integers(0, 2**50))
def test_what_others_wrote_and_what_is_pinned_only_ever_excuses(least: int, pinned: int, freed: int, others: int) -> None:
    strict = Freed(predicted=Prediction(least_bytes=least, most_bytes=least), freed_bytes=freed, others_bytes=0, free_bytes=0)
    lax = Freed(predicted=Prediction(least_bytes=least, most_bytes=least + pinned), freed_bytes=freed, others_bytes=others, free_bytes=0)
    assert strict.as_predicted <= lax.as_predicted
    assert strict.as_predicted == (abs(freed - least) <= 0.2 * least)


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (-5 * MIB, "-5.0 MiB"), (3 * 2**40, "3.0 TiB"), (3 * 2**51, "6144.0 TiB")]
)
def test_sizes_as_people_read_them(size_bytes: int, words: str) -> None:
    assert size_in_words(size_bytes) == words
