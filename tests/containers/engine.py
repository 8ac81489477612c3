"""buildah, podman and skopeo for tests: storage and network of their own, of which nothing stays."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.11-slim"
EPOCH = "1750000000"
"""The time of all that is built."""
PROGRAMS = ("buildah", "podman", "skopeo", "runc", "mmdebstrap", "nsenter", "ip", "iptables", "curl")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile={n_files}:{n_files}", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/libpod"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


def missing() -> str:
    """What of all this is not here, in words; empty if nothing is missing."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (containers/install_test_tools.sh installs them)"
    return "" if os.geteuid() == 0 else "building and running images here needs root"


class Engine:
    """Builds and runs images without a daemon.

    Containers run in a network namespace that leads nowhere: what they do, they do without a network, ports of this
    machine are not taken, and its firewall is not touched.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.namespace = f"auscult-{os.getpid()}"
        n_files = os.sysconf("SC_OPEN_MAX")
        (folder / "containers.conf").write_text(CONTAINERS_CONF.format(folder=folder, n_files=n_files))
        (folder / "storage.conf").write_text(STORAGE_CONF.format(folder=folder))
        self.environment = os.environ | {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        self.run("ip", "netns", "add", self.namespace)
        self.run("ip", "-n", self.namespace, "link", "set", "lo", "up")

    def run(self, *command: str | Path, timeout_s: float = 60.0, check: bool = True) -> str:
        """What a command prints, in a limited time; if it fails, the test does, with what it printed."""
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=self.environment,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def inside(self, *command: str | Path) -> list[str]:
        """The command as it is run where the containers are."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", *map(str, command)]

    def curl(self, *options: str | Path, timeout_s: float = 30.0) -> tuple[int, str]:
        """Status and body that curl gets; status 0: no answer."""
        told = self.inside("curl", "--silent", "--max-time", str(timeout_s), "-w", "\n%{http_code}", *options)
        body, _, status = self.run(*told, check=False, timeout_s=timeout_s + 10).rpartition("\n")
        return int(status), body

    def import_base(self, tar: Path, name: str = BASE, *options: str) -> None:
        """Make an image of a root file system."""
        changes = ["ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8"]
        told = [part for change in [*changes, 'CMD ["python3"]'] for part in ("--change", change)]
        self.run("podman", "import", *options, *told, tar, name, timeout_s=120)

    @property
    def builder_options(self) -> list[str]:
        """What this machine needs to build: no daemon, and a package index that its own settings lead to.

        Those settings are lent, with a mark that must not stay.
        """
        pip_conf, certificates = self.folder / "pip.conf", self.folder / "ca.crt"
        pip_conf.write_text(f"[global]\n# {self.mark}\ncert = /run/secrets/ca.crt\n")
        certificates.write_text(f"{CERTIFICATES.read_text()}\n# {self.mark}\n")
        secrets = [f"--secret=id=pip.conf,src={pip_conf}", f"--secret=id=ca.crt,src={certificates}"]
        return ["--isolation=chroot", "--network=host", "--pull=never", *secrets]

    def build(self, context: Path, tag: str, *options: str, timeout_s: float = 900.0) -> None:
        """Build an image as docs/container.md says."""
        same = [f"--timestamp={EPOCH}", f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}"]
        file = next(path for path in (context / "containers/Dockerfile", context / "Dockerfile") if path.exists())
        told = ["--format=docker", *same, *self.builder_options, *options, f"--file={file}", f"--tag={tag}", context]
        self.run("buildah", "build", *told, timeout_s=timeout_s)

    @property
    def mark(self) -> str:
        """What only this machine's settings hold."""
        return f"of-this-machine-only-{self.namespace}"

    def inspect(self, image: str) -> dict:
        """All that is known of an image."""
        return json.loads(self.run("podman", "image", "inspect", image))[0]

    def start(self, image: str, *options: str | Path, command: tuple[str, ...] = (), name: str = "auscult") -> str:
        """Start a container as docs/container.md says; it is gone after `stop` or `close`."""
        hardened = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
        hardened += ("--memory=512m", "--pids-limit=128")
        told = ("--detach", f"--name={name}", "--pull=never", *hardened, *options, image, *command)
        self.run(*self.inside("podman", "run", *told))
        return name

    def proc(self, name: str) -> Path:
        """What the kernel tells of a container's first process."""
        return Path("/proc") / self.run("podman", "inspect", name, "--format", "{{.State.Pid}}").strip()

    def remove(self, name: str) -> None:
        """Stop a container by force and forget it."""
        self.run(*self.inside("podman", "rm", "--force", "--time=0", name), check=False)

    def wait_until_ready(self, port: int = 5010, timeout_s: float = 30.0) -> None:
        """Wait for the service on a port."""
        deadline = time.monotonic() + timeout_s
        while self.curl(f"http://localhost:{port}/v2/health/ready", timeout_s=2)[0] != 200:
            assert time.monotonic() < deadline, f"not ready after {timeout_s:g} s"
            time.sleep(0.02)

    def close(self) -> None:
        """Leave nothing."""
        self.run(*self.inside("podman", "rm", "--force", "--all", "--time=0"), check=False)
        self.run("podman", "system", "reset", "--force", check=False, timeout_s=120)
        self.run("ip", "netns", "del", self.namespace, check=False)
        for mount in ("storage/overlay", "storage"):
            self.run("umount", self.folder / mount, check=False)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)
