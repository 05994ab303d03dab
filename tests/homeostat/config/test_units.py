"""Durations and sizes: read as people write them, and written as they were read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.config.units import Duration, Size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604800), ("2w", 1209600), ("1y", 31536000), ("500ms", 0.5), ("1d2h3m4s5ms", 93784.005)],
)
def test_a_duration_is_read_as_prometheus_reads_it(text: str, seconds: float) -> None:
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1.5h", "-1h", "1h 30m", "30m1h", "1 h", "1H", "ten", None, 10, 1.5, True, [], "1h\n"])
def test_what_is_no_duration_says_how_to_write_one(text: object) -> None:
    with pytest.raises(ValueError, match="is no duration; write it like 30s, 10m, 1h30m or 7d"):
        Duration.parse(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_is_written_as_it_can_be_read(milliseconds: int) -> None:
    duration = Duration(milliseconds / 1000)
    assert Duration.parse(str(duration)) == Duration.parse(f"{milliseconds}ms") == duration


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "1m30s"), (3600, "1h"), (604800, "7d"), (0.25, "250ms"), (86461, "1d1m1s")])
def test_a_duration_is_written_shortly(seconds: float, text: str) -> None:
    assert str(Duration(seconds)) == text


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("10MB", 10**7), ("512MiB", 2**29), ("1kB", 1000), ("1GiB", 2**30), ("1.5GiB", 3 * 2**29), ("2 TiB", 2**41), ("1PB", 10**15)]
)
def test_a_size_is_read_in_powers_of_1000_or_1024(text: str, size: int) -> None:
    assert Size.parse(text) == size


@pytest.mark.parametrize("text", ["", "10", "MB", "-1MB", "10mb", "10M", "1,5GB", "1e3MB", None, 10, "10MB\n", "infMB"])
def test_what_is_no_size_says_how_to_write_one(text: object) -> None:
    with pytest.raises(ValueError, match="is no size; write it like 512MiB or 10MB"):
        Size.parse(text)


@given(st.integers(min_value=0, max_value=2**53))
def test_a_size_is_written_as_it_can_be_read(size: int) -> None:
    assert Size.parse(str(Size(size))) == size


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (1023, "1023B"), (2**20 * 256, "256MiB"), (10**7, "10MB"), (3 * 2**29, "1536MiB"), (2**40, "1TiB"), (1001, "1001B")])
def test_a_size_is_written_shortly(size: int, text: str) -> None:
    assert str(Size(size)) == f"{Size(size)}" == text


@given(st.text(max_size=20))
def test_any_text_is_a_unit_or_a_value_error(text: str) -> None:
    for kind in (Duration, Size):
        told = ""
        try:
            assert kind.parse(text) >= 0
        except ValueError as error:
            told = str(error)
        assert not told or "; write it like " in told
