"""What a playbook means in words: what each step, protection and measure of it says of itself."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from actor import measures, protections, steps
from actor.playbook import STEPS
from homeostat.words import LOSSES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from actor.playbook import Playbook


def step_in_words(kind: str) -> str:
    """Say what a step of that kind does, and what of it no undo brings back."""
    loss = STEPS[kind].loss
    return _meaning(steps, kind) + (f" ({LOSSES[loss]})" if loss is not None else "")


def in_words(playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield each part of a playbook with what it means."""
    for number, planned in enumerate(playbook.steps, start=1):
        yield f"step {number}, {planned.kind}", step_in_words(planned.kind)
    yield from protection_in_words(playbook)
    yield from verification_in_words(playbook)


def protection_in_words(playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield each protection that it may have, the preferred one first, and what is lost without one."""
    for name in playbook.file.protections:
        yield f"protection {name}", _meaning(protections, name)
    if playbook.file.loss is not None:
        yield "without one", LOSSES[playbook.file.loss]


def verification_in_words(playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield for each problem that it answers what is measured afterwards, and which change of it is a success."""
    for problem in playbook.file.answers:
        expected = playbook.file.verify.expects(problem)
        words = f"{_meaning(measures, expected.measure)} Success: {expected.success}; a warning: {expected.warn}"
        yield f"{problem} is verified by {expected.measure}", words


def _meaning(package: ModuleType, plugin_id: str) -> str:
    """Return what a plug-in's module says that it is."""
    return str(importlib.import_module(f"{package.__name__}.{plugin_id.replace('-', '_')}").__doc__).partition("\n")[0]
