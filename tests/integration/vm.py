"""A Debian 12 with a kernel of its own, in qemu: for logical volumes, control groups v2, and power that can be cut.

Its root file system is thrown away with it; what is to outlive a power cut lies on a disk that the test hands in.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import os
import pathlib
import pickle
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from typing import TYPE_CHECKING

from tests.integration import debian
from tests.integration.guest import PYTHON, Machine
from tests.integration.stack import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "udev",
    "kmod",
    "iproute2",
    "procps",
    "python3",
    "libstdc++6",
    "e2fsprogs",
    "lvm2",
    "thin-provisioning-tools",
    "btrfs-progs",
    "linux-image-cloud-amd64",
    "initramfs-tools",
)
NEEDED = ("mmdebstrap", "qemu-system-x86_64", "mkfs.ext4", "setpriv")
ROOT_BYTES = 1024**3
BOOT_SECONDS = 180
CALL_SECONDS = 900
REPOSITORY = pathlib.Path(__file__).parents[2]
ADDRESS, AGENT_PORT, SERVED_PORT = "10.0.2.15", 5000, 9922
# What the actor and its tests do without in the machine.
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "pip", "mypy", "*mypyc*", "ruff", "setuptools", "catboost", "statsmodels", "pandas", "scipy"
)

_AGENT = f"""\
[Unit]
Description=Does what the host asks
RequiresMountsFor=/share

[Service]
Environment=PYTHONPATH=/homeostat:/site-packages PYTHONDONTWRITEBYTECODE=1
ExecStartPre=/bin/sh -c 'ip link set lo up && ip address add {ADDRESS}/24 dev eth0 && ip link set eth0 up'
ExecStart=/usr/bin/python3 -m tests.integration.agent {AGENT_PORT}
"""
# Only what finds the root is put into the initial file system: a small one is unpacked sooner.
_CUSTOMIZE = f"""set -e
cat >"$1/etc/systemd/system/agent.service" <<'END'
{_AGENT}END
mkdir -p "$1/etc/systemd/system/multi-user.target.wants" "$1/share"
echo '/dev/disk/by-id/virtio-share /share ext4 ro 0 0' >>"$1/etc/fstab"
ln -s ../agent.service "$1/etc/systemd/system/multi-user.target.wants/agent.service"
ln -s share/homeostat "$1/homeostat"
ln -s share/site-packages "$1/site-packages"
printf 'virtio_pci\\nvirtio_blk\\next4\\n' >>"$1/etc/initramfs-tools/modules"
printf 'MODULES=list\\n' >"$1/etc/initramfs-tools/conf.d/small"
chroot "$1" update-initramfs -u
"""


def obstacle() -> str | None:
    """Return why this host can run no virtual machine, or None."""
    if os.geteuid() != 0:
        return "a virtual machine's image needs root to be built"
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if sys.version_info[:2] != PYTHON:
        return f"the machine runs Debian 12's Python {PYTHON}, our dependencies here are for {sys.version_info[:2]}"
    return None


@dataclasses.dataclass(frozen=True)
class VirtualMachine(Machine):
    """A booted virtual machine: what listens on SERVED_PORT in it answers on `port` of this host's loopback."""

    port: int
    process: subprocess.Popen[bytes]

    def cut_power(self) -> None:
        """End it at this instant: what only its memory held is lost."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def booted(*disks: pathlib.Path) -> Iterator[VirtualMachine]:
    """Build the image where it is not kept, boot it with these raw disks, and cut its power at the end.

    In the machine the first of them is `/dev/disk/by-id/virtio-disk0`: the kernel's own names come in any order.
    """
    image = debian.kept("vm", (*PACKAGES, _CUSTOMIZE), _build)
    agent, served = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="homeostat-vm-") as folder:
        console = pathlib.Path(folder, "console")
        process = subprocess.Popen(_qemu(image, (agent, served), console, disks), stdin=subprocess.DEVNULL)
        machine = VirtualMachine(lambda argv, given: _ask(agent, argv, given), served, process)
        try:
            assert _is_up(machine), f"the virtual machine did not come up:\n{console.read_text(errors='replace')[-3000:]}"
            yield machine
        finally:
            machine.cut_power()


def _qemu(image: pathlib.Path, ports: tuple[int, int], console: pathlib.Path, disks: Sequence[pathlib.Path]) -> list[str]:
    forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{here}-{ADDRESS}:{there}" for here, there in zip(ports, (AGENT_PORT, SERVED_PORT), strict=True))
    argv = ["setpriv", "--pdeathsig=KILL", "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot"]
    # A newer processor would have instructions that are dear to imitate: with this one it takes a third less time.
    argv += ["-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2", "-m", "768", "-serial", f"file:{console}"]
    argv += ["-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd")]
    argv += ["-append", "root=/dev/disk/by-id/virtio-root rw quiet console=ttyS0 net.ifnames=0 mitigations=off"]
    argv += _drive("root", image / "root.img", "snapshot=on")
    argv += _drive("share", _share(), "readonly=on")
    # What the guest flushes is on this host's disk; killing qemu loses no more than a power cut would.
    argv += [word for number, disk in enumerate(disks) for word in _drive(f"disk{number}", disk, "cache=writeback,discard=unmap")]
    return [*argv, "-netdev", f"user,id=net,restrict=on,{forwards}", "-device", "virtio-net-pci,netdev=net"]


def _drive(name: str, image: pathlib.Path, options: str) -> list[str]:
    return ["-drive", f"id={name},file={image},format=raw,if=none,{options}", "-device", f"virtio-blk-pci,drive={name},serial={name}"]


def _ask(port: int, argv: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=CALL_SECONDS) as connection, connection.makefile("rwb") as stream:
        pickle.dump((argv, given), stream)
        stream.flush()
        return subprocess.CompletedProcess(argv, *pickle.load(stream))


def _is_up(machine: VirtualMachine) -> bool:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and machine.process.poll() is None:
        # qemu itself accepts the connection before the machine can.
        with contextlib.suppress(OSError, EOFError):
            state = machine.run("systemctl", "is-system-running", check=False).strip()
            if state in {"running", "degraded"}:
                return True
        time.sleep(0.2)
    return False


@functools.cache
def _share() -> pathlib.Path:
    """Make a disk with this repository and what it imports, once for all machines of this test run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="homeostat-share-"))
    atexit.register(shutil.rmtree, folder)
    content, image = folder / "content", folder / "share.img"
    shutil.copytree(REPOSITORY, content / "homeostat", ignore=_LEFT_OUT, symlinks=True)
    shutil.copytree(sysconfig.get_path("platlib"), content / "site-packages", ignore=_LEFT_OUT, symlinks=True)
    # The machine is slow and its share read-only: what it runs is compiled here.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(content / "homeostat")], check=True)
    _format(image, content)
    shutil.rmtree(content)
    return image


def _build(folder: pathlib.Path) -> None:
    folder.mkdir()
    tree = folder / "tree"
    debian.install(tree, PACKAGES, f"--customize-hook={_CUSTOMIZE}")
    for name in ("vmlinuz", "initrd"):
        (found,) = (tree / "boot").glob(f"{name}*")
        shutil.copyfile(found, folder / name)
    _format(folder / "root.img", tree)
    shutil.rmtree(tree)


def _format(image: pathlib.Path, content: pathlib.Path) -> None:
    with image.open("wb") as file:
        file.truncate(ROOT_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", str(content), str(image)], check=True, capture_output=True)
