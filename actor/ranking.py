"""Which action answers which problem: the best track record first, then the owner's preference, then what can do the least harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import ledger
from actor.learn import STEPS_BACK_AFTER, record_with_import, success_ratio
from actor.playbook import FILESYSTEMS, catalogue
from homeostat.words import RISKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actor.journal import Journal
    from actor.playbook import Condition, Playbook
    from homeostat.config import Config
    from homeostat.words import Problem

Ranking = dict[str, list["Playbook"]]


def ranking(journal: Journal, config: Config, playbooks: Mapping[str, Playbook]) -> Ranking:
    """Return the playbooks that answer each problem anywhere, the first answers.

    What failed twice in a row stands behind those that did not, and what only reads behind what mends and did not; what the
    configuration lacks something for answers nothing.
    """
    playbooks = {name: playbook for name, playbook in playbooks.items() if playbook.file.only_where is None and playbook.lacks(config) is None}
    records = {name: _record(journal, config, playbook) for name, playbook in playbooks.items()}
    ranked: Ranking = {}
    for problem in sorted({problem for playbook in playbooks.values() for problem in playbook.file.answers}):
        able = [playbook for playbook in playbooks.values() if problem in playbook.file.answers]
        preferred = config.autonomy.preferences.get(problem, ())
        place = {name: number for number, name in enumerate(preferred)}
        ranked[problem] = sorted(able, key=lambda playbook: (records[playbook.name], place.get(playbook.name, len(place)), _harm(playbook)))
    return ranked


def answers(ranked: Ranking) -> dict[Problem, Playbook]:
    """Return the playbook that answers each problem, whatever the target: one that acts on a part of the catalogue alone never does."""
    everywhere = {problem: [playbook for playbook in playbooks if not _in_part(playbook)] for problem, playbooks in ranked.items()}
    return {problem: playbooks[0] for problem, playbooks in everywhere.items() if playbooks}


def answers_here(journal: Journal, config: Config, ranked: Ranking) -> dict[tuple[Problem, str], Playbook]:
    """Return what answers a problem at one target instead, as (problem, target).

    That is where what answers it elsewhere failed twice in a row, and where the first in rank acts on that part of the catalogue alone.
    """
    failing = _failing(journal)
    everywhere = answers(ranked)
    here: dict[tuple[Problem, str], Playbook] = {}
    for problem, playbooks in ranked.items():
        answer = everywhere.get(problem)
        parts = {target for playbook in playbooks if _in_part(playbook) for target in catalogue(config, playbook.file.acts_on)}
        for target in sorted(parts | {target for action, target in failing if answer is not None and action == answer.name}):
            others = [other for other in playbooks if _kind(other) == _kind(answer or other) and target in catalogue(config, other.file.acts_on)]
            able = next((other for other in others if (other.name, target) not in failing), answer or others[0])
            if able is not answer:
                here[problem, target] = able
    return here


def _in_part(playbook: Playbook) -> bool:
    return playbook.file.acts_on == "backup-filesystem"


def _kind(playbook: Playbook) -> str:
    return "filesystem" if playbook.file.acts_on in FILESYSTEMS else playbook.file.acts_on


def answers_where(
    journal: Journal, playbooks: Mapping[str, Playbook], where: Mapping[Condition, frozenset[str]], config: Config
) -> dict[tuple[Problem, str], Playbook]:
    """Return what answers a problem only where its condition holds, as (problem, target); of several the one that can do the least harm.

    Not what failed twice in a row there, nor for a problem whose preference names others and not it.
    """
    failing, preferences = _failing(journal), config.autonomy.preferences
    found: dict[tuple[Problem, str], Playbook] = {}
    for playbook in sorted(playbooks.values(), key=_harm, reverse=True):
        if playbook.file.only_where is not None:
            targets = where.get(playbook.file.only_where, frozenset()).intersection(catalogue(config, playbook.file.acts_on))
            problems = [problem for problem in playbook.file.answers if playbook.name in preferences.get(problem, (playbook.name,))]
            able = [target for target in sorted(targets) if (playbook.name, target) not in failing]
            found |= {(problem, target): playbook for problem in problems for target in able}
    return found


def _failing(journal: Journal) -> set[tuple[str, str]]:
    """Return each (action, target) where it failed twice in a row."""
    return {(record.action, target) for target, record in ledger.records(journal) if record.failures_in_row >= STEPS_BACK_AFTER}


def unfit(config: Config, playbooks: Mapping[str, Playbook]) -> tuple[str, str] | None:
    """Return the first problem whose preference names what no playbook is or answers, and what is wrong and would be right."""
    for problem, preferred in config.autonomy.preferences.items():
        able = [name for name, playbook in playbooks.items() if problem in playbook.file.answers]
        if not able:
            return problem, f"no playbook answers {problem!r}; answered here: {_listed(each for playbook in playbooks.values() for each in playbook.file.answers)}"
        other = next((name for name in preferred if name not in able), None)
        if other is not None:
            return problem, f"{other!r} {'does not answer this' if other in playbooks else 'is no playbook'}; what answers it: {_listed(able)}"
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))


def _harm(playbook: Playbook) -> tuple[int, bool, str]:
    """Return what makes one action worse than another of the same record: its risk, then whether nothing could undo it; at last its name."""
    return RISKS.index(playbook.file.risk), playbook.file.protection_words == ("none",), playbook.name


def _record(journal: Journal, config: Config, playbook: Playbook) -> tuple[bool, float]:
    if playbook.only_reads:
        return False, 0.0
    in_row = ledger.record_of(journal, playbook.name).failures_in_row
    return in_row >= STEPS_BACK_AFTER, -success_ratio(*record_with_import(journal, config, playbook))
