"""Playbooks of an owner, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import executable

if TYPE_CHECKING:
    from tests.support import Host

QUARANTINE = "[{quarantine-files: {}}]"
QUARANTINE_AND_PURGE = "[{quarantine-files: {}}, {purge-quarantine: {}}]"
ANY_CHANGE = "'< 1'"


def owned(host: Host, name: str, steps: str = QUARANTINE, success: str = ANY_CHANGE, protection: str = "quarantine") -> dict[str, Any]:
    """Write a playbook that answers a full disk, and return the setting that names its folder."""
    folder = host.folder / "playbooks"
    folder.mkdir(exist_ok=True)
    folder.joinpath(f"{name}.yml").write_text(
        f"name: {name}\nanswers: [disk_exhaustion]\nacts_on: filesystem\naction_class: cleanup\nrisk: low\nimpact_certainty: 0.9\n"
        f"protection: {protection}\ncooldown: 1h\nestimate: 1m\ndeadline: 5m\n"
        f"steps: {steps}\nverify: {{settle: 2s, watch: 30s, measure: filesystem-free-ratio, success: {success}, warn: {success}}}\n",
        encoding="utf-8",
    )
    return {"actor": {"playbook_directory": str(folder)}}


def marks(host: Host, undo: str, second: str = "exit 1") -> dict[str, Any]:
    """Write a playbook of an owner's programs, two steps that leave a mark each and undo it, and return the setting that names its folder."""
    folder = host.folder / "playbooks"
    folder.mkdir()

    def script(name: str, body: str) -> str:
        return str(executable(host.folder / name, f"#!/bin/sh\n{body}\n"))

    steps = ""
    for mark, after in (("first", ""), ("second", second)):
        do = script(f"do-{mark}", f"touch {host.folder}/{mark}; {after}")
        back = script(f"undo-{mark}", f"echo {mark} >>{host.folder}/undone; rm -f {host.folder}/{mark}; {undo}")
        steps += f"  - command: {{run: [{do}], undo: [{back}]}}\n"
    folder.joinpath("marks.yml").write_text(
        "name: marks\nanswers: [memory_leak]\nacts_on: service\naction_class: config\nrisk: low\nimpact_certainty: 0.9\nprotection: command\n"
        f"estimate: 1m\ndeadline: 5m\nsteps:\n{steps}verify: {{settle: 1s, measure: service-active, success: '> 0', warn: '> 0'}}\n",
        encoding="utf-8",
    )
    return {"actor": {"playbook_directory": str(folder)}}
