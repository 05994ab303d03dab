"""What is ours joins a person's YAML as text between marks: theirs stays byte for byte, and ours can be taken out again."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.generate.marks import MergeError, without_ours
from homeostat.generate.merge import Addition, Entry, merge

OURS = (
    Addition(("route", "routes"), (Entry({"receiver": "r"}, "Why."), Entry({"receiver": "s", "matchers": ['a="b"']})), (Entry({"receiver": "all"}),)),
    Addition(("receivers",), (Entry({"name": "r"}),)),
    Addition(("alerting", "alertmanagers"), (), (Entry({"static_configs": [{"targets": ["t:1"]}]}),)),
    Addition(("rule_files",), (), (Entry("/rules/*.yml"),)),
)

LAYOUTS = {
    "block": "route:\n  receiver: x\n  routes:\n    - receiver: y\nreceivers:\n  - name: x\n",
    "lists as far left as their key": "route:\n  routes:\n  - receiver: y\nreceivers:\n- name: x\n",
    "the key is not there": "route:\n  receiver: x\n\nreceivers:\n  - name: x\n",
    "the key has no value": "route:\n  receiver: x\n  routes:\nreceivers:   # whoever\nalerting:\n",
    "flow": "route: {receiver: x, routes: [{receiver: y}]}\nreceivers: [{name: x}]\nalerting: {}\nrule_files: []\n",
    "flow over several lines": "route: {\n  receiver: x,\n  routes: [\n    {receiver: y},\n  ]\n}\nreceivers: [\n]\n",
    "everything in one flow": "{route: {receiver: x}, receivers: [{name: x},], 'alerting': {alertmanagers: []}}",
    "no newline at the end": "route:\n  receiver: x",
    "the list ends the file": "receivers:\n  - name: x\nroute:\n  routes:\n    - receiver: y",
    "a key alone at the end": "receivers: []\nroute:",
    "comments around": "# head\n\nroute: # here\n  # before\n  routes: # list\n    # of the first\n    - receiver: y # one\n    # after\n  # end\n# tail\n",
    "a document with its marks": "%YAML 1.1\n---\nroute:\n  routes:\n    - receiver: y\n...\n",
    "a text at the end": "route:\n  receiver: x\ntext: |+\n  kept\n\n\n",
    "carriage returns": "route:\r\n  routes:\r\n    - receiver: y\r\nreceivers: [{name: x}]\r\n",
    "both ends of line": "route:\r\n  routes:\n    - receiver: y\r\nreceivers:\n",
    "a byte order mark": "\ufeffroute:\n  receiver: x\n",
    "a file further to the right": "  route:\n    receiver: x\n  receivers:\n  - name: x\n",
    "anchors elsewhere": "route:\n  receiver: x\n  routes:\n    - &a {receiver: y}\n    - *a\nreceivers: &list\n  - name: x\n",
    "tags and quotes": 'route: !!map\n  "routes": !!seq\n  - receiver: y\n\'receivers\':\n- name: x\n',
    "nothing": "",
    "only a comment": "# nothing yet\n",
}


@pytest.mark.parametrize("theirs", LAYOUTS.values(), ids=LAYOUTS)
def test_in_every_layout_ours_stands_first_and_theirs_stays_byte_for_byte(theirs: str) -> None:
    result = merge(theirs, "nas", OURS)
    was, now = yaml.safe_load(theirs) or {}, yaml.safe_load(result)
    assert now["route"]["routes"] == [
        {"receiver": "r"}, {"receiver": "s", "matchers": ['a="b"']}, {"receiver": "all"}, *((was.get("route") or {}).get("routes") or []),
    ]  # fmt: skip
    assert now["receivers"] == [{"name": "r"}, *(was.get("receivers") or [])]
    assert now["rule_files"] == ["/rules/*.yml"]
    assert now["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["t:1"]}]}]
    assert without_ours(result)[0] == theirs
    assert merge(result, "nas", OURS) == result


@pytest.mark.parametrize("theirs", LAYOUTS.values(), ids=LAYOUTS)
def test_another_host_joins_and_each_replaces_only_its_own(theirs: str) -> None:
    nas, pi, moved = (Addition(("route", "routes"), (Entry({"receiver": name}, f"For {name}."),), OURS[0].shared) for name in ("nas", "pi", "moved"))
    both = merge(merge(theirs, "nas", [nas]), "pi", [pi])
    assert [route["receiver"] for route in yaml.safe_load(both)["route"]["routes"]][:3] == ["nas", "pi", "all"]
    assert merge(both, "nas", [nas]) == merge(both, "pi", [pi]) == both
    changed = merge(both, "nas", [moved])
    assert changed == both.replace("receiver: nas", "receiver: moved").replace("For nas.", "For moved.")
    assert without_ours(changed)[0] == theirs


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("route: {receiver: x}\n---\nroute: {}\n", "line 2: no valid YAML: but found another document"),
        ('{"route": {"receiver": "x"}}', "this is JSON"),
        ("route:\n\treceiver: x\n", "line 2: no valid YAML: found character"),
        ("route: [\n", "no valid YAML"),
        ("route: x\n", "line 1: route must be a mapping"),
        ("- route\n", "line 1: the file must be a mapping"),
        ("route:\n  routes: x\n", "line 2: route.routes must be a list"),
        ("route:\n  routes: ~\n", "line 2: here stands ~; remove the word"),
        ("route:\n  routes: []\n  routes: []\n", "line 3: routes stands here twice"),
        ("x: &r [{receiver: y}]\nroute:\n  routes: *r\n", "line 3: routes is an alias"),
        ("route:\n  routes: &r\n    - receiver: y\n      routes: []\nother: *r\n", "an anchor, a merge key"),
        ("base: &b {routes: [{receiver: y}]}\nroute:\n  <<: *b\n", "an anchor, a merge key"),
        ("route:\n  receiver: x\ntext: |\n  no end", "an anchor, a merge key or an unusual layout"),
        ("route:\n  ? routes\n  : - receiver: y\n", "an anchor, a merge key or an unusual layout"),
        ("{route: {routes: , receiver: x}}\n", "an anchor, a merge key or an unusual layout"),
        ("route:\n  routes:\n    # homeostat: begin route.routes; by hand\n    - {}\n", "has lost its counterpart"),
        ("route:\n  routes: []\n  # homeostat: end\n", "has lost its counterpart"),
        ("a: &a [*a]\nb: *a\nroute: {}\n", "no valid YAML|an anchor"),
        ("route: " + "{routes: [" * 500 + "]}" * 500, "nested too deeply"),
        ("route: \x00\n", "no valid YAML"),
    ],
)
def test_what_cannot_be_added_to_is_told_in_one_line(theirs: str, told: str) -> None:
    with pytest.raises(MergeError, match=told) as error:
        merge(theirs, "nas", OURS)
    assert "\n" not in str(error.value)


KEYS = st.sampled_from(["route", "routes", "receivers", "receiver", "alerting", "rule_files", "other", "on"])
SCALARS = st.one_of(st.text(max_size=8), st.integers(), st.none(), st.booleans(), st.sampled_from(["# homeostat:", "a: b", "|", "'", "*x", "a\nb\n"]))
DATA = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)), max_leaves=12)


STYLES = st.fixed_dictionaries(
    {"default_flow_style": st.sampled_from([True, False, None]), "indent": st.sampled_from([2, 4]), "width": st.sampled_from([20, 200]), "explicit_end": st.booleans()}
)


def merged_or_refused(theirs: str) -> str | None:
    try:
        return merge(theirs, "nas", OURS)
    except MergeError:
        return None


@settings(max_examples=200)
@given(routes=st.one_of(st.none(), st.lists(DATA, max_size=3)), rest=st.dictionaries(KEYS.filter(lambda key: key != "route"), DATA, max_size=4), style=STYLES, cut=st.booleans())
def test_whatever_a_dumper_writes_either_takes_ours_and_nothing_else_or_is_refused(
    routes: list[object] | None, rest: dict[str, object], style: dict[str, Any], cut: bool
) -> None:
    data = {**rest, "route": {"receiver": "x"} if routes is None else {"routes": routes, "receiver": "x"}}
    theirs = yaml.safe_dump(data, sort_keys=False, **style)
    theirs = theirs.removesuffix("\n") if cut else theirs
    result = merged_or_refused(theirs)
    if result is None:
        return
    ours = yaml.safe_load(merge("route: {}", "nas", OURS[:1]))["route"]["routes"]
    assert yaml.safe_load(result)["route"] == {**data["route"], "routes": [*ours, *(routes or [])]}
    assert without_ours(result)[0] == theirs
    assert merge(result, "nas", OURS) == result
