"""The image for arm64, under QEMU: that it builds, and answers. Nothing here says how fast it is.

`make image-test-arm64`
"""

import json
import shutil
from pathlib import Path

import pytest

from .engine import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.image, pytest.mark.timeout(2400)]
BASE = "localhost/python-base:3.11-slim-arm64"
BINFMT = Path("/proc/sys/fs/binfmt_misc")


@pytest.fixture(scope="module")
def emulation(engine):
    """The kernel runs programs for arm64 through QEMU; as before afterwards."""
    if shutil.which("qemu-aarch64-static") is None:
        pytest.skip("no qemu-aarch64-static here: apt-get install qemu-user-static")
    is_mounted = (BINFMT / "register").exists()
    if not is_mounted:
        engine.run("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT, check=False)
    known = BINFMT / "qemu-aarch64"
    is_known = known.exists()
    if not is_known:
        engine.run("/usr/lib/systemd/systemd-binfmt", "/usr/lib/binfmt.d/qemu-aarch64.conf", check=False)
    if not known.exists():
        pytest.skip("the kernel cannot be told here how to run programs for arm64 (binfmt_misc)")
    yield
    if not is_known:
        known.write_text("-1")
    if not is_mounted:
        engine.run("umount", BINFMT, check=False)


@pytest.fixture(scope="module")
def arm64(engine, emulation, clone, tmp_path_factory):
    """Image for arm64."""
    tar = tmp_path_factory.mktemp("arm64") / "base.tar"
    engine.run(ROOT / "containers" / "make_base.sh", "arm64", tar, timeout_s=900)
    engine.import_base(tar, BASE, "--arch=arm64", "--variant=v8")
    tar.unlink()
    engine.build(clone, "auscult:arm64", "--platform=linux/arm64", f"--build-arg=BASE={BASE}", timeout_s=1200)
    return "localhost/auscult:arm64"


def test_answers_a_request(engine, arm64, one_fan, wav):
    assert engine.inspect(arm64)["Architecture"] == "arm64"
    # onnxruntime crashes under this QEMU where it finds the processors of the machine beneath
    options = ("--platform=linux/arm64", "--init", "--security-opt=mask=/sys/devices/system/cpu")
    mounted = ("-p", "5010:5000", "-v", f"{one_fan}:/bundle/machine.auscult:ro")
    name = engine.start(arm64, *options, *mounted, name="arm64")
    try:
        engine.wait_until_ready(timeout_s=120)
        status, answer = engine.curl("-F", f"file=@{wav}", "http://localhost:5010/inference", timeout_s=60)
        assert status == 200, answer
        assert json.loads(answer)["Details"]["Message"] == "Component OK"
        machine = engine.run("podman", "exec", name, "python", "-c", "import platform; print(platform.machine())")
        assert machine == "aarch64\n"
    finally:
        engine.remove(name)
