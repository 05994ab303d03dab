"""Who else asks for an image by its name is found in whatever may become a unit, and nobody else is."""

from __future__ import annotations

import pytest

from actor.deployments.sharing import declaring, is_same

BOX = "localhost/box:latest"
FOLDER = "/etc/containers/systemd"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("localhost/box", BOX, True),
        ("box", BOX, True),
        ("box:latest", BOX, True),
        ("docker://docker.io/library/redis", "docker.io/library/redis:latest", True),
        ("redis:7", "docker.io/library/redis:7", True),
        ("localhost/box:7", BOX, False),
        ("localhost/toolbox", BOX, False),
        ("docker.io/box", BOX, False),
        ("localhost:5000/box", "localhost:5000/box:latest", True),
    ],
)
def test_two_names_of_one_image_are_the_same(one: str, other: str, same: bool) -> None:
    assert (is_same(one, other), is_same(other, one)) == (same, same)


DECLARED = {
    "a quadlet": ({f"{FOLDER}/b.container": "[Container]\nImage=localhost/box\n"}, {"b.service"}),
    "a drop-in of one": ({f"{FOLDER}/b.container.d/10.conf": "[Container]\nImage = localhost/box:latest\n"}, {"b.service"}),
    "a unit of one's own": ({"/etc/systemd/system/b.service": "[Service]\nExecStart=/usr/bin/podman run --rm \\\n  localhost/box:latest sleep 9\n"}, {"b.service"}),
    "what a kube quadlet reads": ({f"{FOLDER}/pod.yaml": "spec:\n  containers:\n  - image: 'localhost/box'\n"}, {f"{FOLDER}/pod.yaml"}),
    "one by way of a quadlet that names it": (
        {f"{FOLDER}/base.image": "[Image]\nImage=localhost/box:latest\n", f"{FOLDER}/b.container": "[Container]\nImage=base.image\n"},
        {"b.service"},
    ),
    "a name alone": ({f"{FOLDER}/b.container": "[Container]\nImage=box\n"}, {"b.service"}),
    "a name alone in a long line": ({"/etc/systemd/system/b.service": "[Service]\nExecStart=/usr/bin/podman run --rm \\\n  box\n"}, {"b.service"}),
    "a variable for an image": ({"/etc/systemd/system/b.service": "[Service]\nEnvironment=IMAGE=box\nExecStart=/usr/bin/podman run ${IMAGE}\n"}, {"b.service"}),
    "whole in any variable": ({"/etc/systemd/system/b.service": "[Service]\nEnvironment=RUN=localhost/box\n"}, {"b.service"}),
    "the same word for other things": (
        {
            f"{FOLDER}/b.container": "[Unit]\nDescription=b, beside its box\n[Container]\nContainerName=box\nHostName=box\nEnvironment=BOX_HOST=box\nImage=localhost/other\n",
            f"{FOLDER}/pod.yaml": "spec:\n  containers:\n  - name: box\n    image: localhost/other\n",
        },
        set(),
    ),
    "another tag": ({f"{FOLDER}/b.container": "[Container]\nImage=localhost/box:7\n"}, set()),
    "a remark": ({f"{FOLDER}/b.container": "[Container]\n# Image=localhost/box\nImage=localhost/other\n"}, set()),
}


@pytest.mark.parametrize("what", DECLARED)
def test_what_may_become_a_unit_and_names_the_image_is_found(what: str) -> None:
    texts, units = DECLARED[what]
    assert declaring(texts, BOX) == units
