"""The image, built and run for real: `make image-test`, which prints its figures."""

import json
import re
import subprocess
import tarfile
import time

import certifi
import pytest

from .engine import BASE, CERTIFICATES, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.image, pytest.mark.timeout(1800)]
MB = 1_000_000
AT = "http://localhost:5010"


def say(text):
    print(f"image: {text}")  # noqa: T201 - figures that are asked for


def test_size(engine, base, image):
    size = engine.inspect(image)["Size"]
    say(f"{size / MB:.0f} MB unpacked (at most 350), {(size - base) / MB:.0f} MB above the base (at most 160)")
    assert size <= 350 * MB
    assert size - base <= 160 * MB


def test_serving_needs_only_what_is_there(engine, image):
    """No compiler, no pip, and nothing that only training needs; uid, port, labels and health check as promised."""
    absent = ("pip", "torch", "sklearn", "plotly", "scipy")
    code = f"import importlib.util as u; print([n for n in {absent} if u.find_spec(n)])"
    run = ("podman", "run", "--rm", "--network=none", "--entrypoint", "/opt/venv/bin/python", image, "-c", code)
    assert engine.run(*run).strip() == "[]"
    config = engine.inspect(image)
    assert config["User"] == "10001:10001"
    assert list(config["Config"]["ExposedPorts"]) == ["5000/tcp"]
    assert config["Config"]["Entrypoint"] == ["auscult"]
    assert "ORT_DISABLE_TELEMETRY=1" in config["Config"]["Env"]
    assert config["Labels"]["org.opencontainers.image.version"] == "0.0.test"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert config["Healthcheck"]["Test"][1] == "python"


def test_bill_of_materials_lists_what_is_installed(engine, image):
    listing = ("podman", "run", "--rm", "--network=none", "--entrypoint", "python", image, "-c")
    bom = json.loads(engine.run(*listing, "print(open('/usr/share/sbom/auscult.cdx.json').read())"))
    assert bom["bomFormat"] == "CycloneDX"
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    installed = json.loads(engine.run(*listing, code))
    assert {part["name"]: part["version"] for part in bom["components"]} == installed
    assert {"auscult", "numpy", "onnxruntime"} <= set(installed)


def test_the_originals_requests(engine, served, wav):
    """Both commands to the letter, in the folder that has the recording."""
    command = "curl http://localhost:5010/ && curl -F file=@x.wav http://localhost:5010/inference"
    done = subprocess.run(
        engine.inside("sh", "-c", command), cwd=wav.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("server is up")
    verdict = json.loads(done.stdout.removeprefix("server is up"))
    assert verdict["Anomaly"] is False
    assert verdict["Details"]["Message"] == "Component OK"


def test_health_and_metrics(engine, served, wav):
    assert engine.curl(f"{AT}/v2/health/live") == (200, '{"live":true}')
    assert engine.curl(f"{AT}/v2/health/ready") == (200, '{"ready":true}')
    assert engine.curl("-F", f"file=@{wav}", f"{AT}/inference")[0] == 200
    status, metrics = engine.curl(f"{AT}/metrics")
    assert status == 200
    assert 'auscult_verdicts_total{outcome="normal"} 1.0' in metrics
    engine.run("podman", "healthcheck", "run", served)  # as an engine does every ten seconds


def test_health_check_fails_without_a_service(engine, image):
    name = engine.start(image, "--entrypoint", "sleep", command=("60",), name="idle")
    try:
        with pytest.raises(AssertionError, match="healthcheck run"):
            engine.run("podman", "healthcheck", "run", name)
    finally:
        engine.remove(name)


def test_bad_uploads_are_the_clients_fault(engine, served, wav, tmp_path):
    content = wav.read_bytes()
    bad = {"short": (content[:60], 422), "empty": (b"", 422), "text": (b"notes, not sound", 422)}
    bad["huge"] = (b"RIFF" + bytes(70 * MB), 413)
    for name, (sent, expected) in bad.items():
        path = tmp_path / f"{name}.wav"
        path.write_bytes(sent)
        status, answer = engine.curl("-F", f"file=@{path}", f"{AT}/inference", timeout_s=60)
        assert status == expected, answer
        assert json.loads(answer)["detail"]
    assert engine.curl("-F", f"file=@{wav}", f"{AT}/inference")[0] == 200


def test_fifty_clients_at_a_time(engine, served, wav):
    one = ("-F", f"file=@{wav}", "-o", "/dev/null", "-w", "%{http_code}\n", f"{AT}/inference")
    everyone = [*one, *("--next", "--silent", *one) * 49]
    began = time.monotonic()
    curl = engine.inside("curl", "--silent", "--parallel", "--parallel-immediate", "--parallel-max", "50", *everyone)
    statuses = engine.run(*curl).split()
    say(f"50 clients at a time answered in {time.monotonic() - began:.2f} s")
    assert statuses == ["200"] * 50
    resident = re.search(r"VmRSS:\s+(\d+) kB", (engine.proc(served) / "status").read_text())
    resident_mb = int(resident[1]) * 1024 / MB
    say(f"{resident_mb:.0f} MB resident after them, with a bundle loaded (below 250)")
    assert resident_mb < 250


def test_who_it_is_and_what_it_may_not(engine, served):
    status = (engine.proc(served) / "status").read_text()
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    for place in ("/here", "/opt/venv/here", "/bundle/here"):
        with pytest.raises(AssertionError, match="Read-only file system"):
            engine.run("podman", "exec", served, "touch", place)


def test_no_place_to_write_is_needed(engine, image, one_fan, wav):
    options = ("--read-only-tmpfs=false", "-p", "5010:5000", "-v", f"{one_fan}:/bundle/machine.auscult:ro")
    name = engine.start(image, *options)
    try:
        engine.wait_until_ready()
        assert engine.curl("-F", f"file=@{wav}", f"{AT}/inference")[0] == 200
    finally:
        engine.remove(name)


def test_start(engine, image, one_fan):
    """The fastest of three: what else this machine does only makes it slower."""
    took_s = []
    for _ in range(3):
        began = time.monotonic()
        name = engine.start(image, "-p", "5010:5000", "-v", f"{one_fan}:/bundle/machine.auscult:ro")
        try:
            engine.wait_until_ready()
            took_s.append(time.monotonic() - began)
        finally:
            engine.remove(name)
    say(f"ready {min(took_s):.2f} s after podman run (below 3)")
    assert min(took_s) < 3


def test_stop_in_the_middle_of_a_request(engine, served, wav):
    """After SIGTERM it is answered, and the container is gone in two seconds."""
    rate = str(int(wav.stat().st_size / 1.2))  # the upload takes 1.2 s
    curl = engine.inside("curl", "--silent", "--limit-rate", rate, "-F", f"file=@{wav}", f"{AT}/inference")
    with subprocess.Popen(curl, stdout=subprocess.PIPE, text=True) as client:
        time.sleep(0.5)
        assert client.poll() is None
        told = time.monotonic()
        engine.run("podman", "kill", "--signal=TERM", served)
        code = engine.run("podman", "wait", served, timeout_s=30).strip()
        stopped_s = time.monotonic() - told
        answer = client.communicate(timeout=10)[0]
    say(f"gone {stopped_s:.2f} s after SIGTERM in mid-request (below 2)")
    assert json.loads(answer)["Details"]["Message"] == "Component OK"
    assert code == "0"
    assert stopped_s < 2


def test_a_bundle_that_is_missing_is_said(engine, image):
    name = engine.start(image, name="bare")
    try:
        assert engine.run("podman", "wait", name) == "3\n"
        log = subprocess.run(
            ["podman", "logs", name], capture_output=True, text=True, check=True, env=engine.environment
        )
        assert "/bundle/machine.auscult" in log.stderr
    finally:
        engine.remove(name)


def test_building_twice_gives_the_same_layers(engine, base, clone, one_fan, wav):
    """With a bundle baked in, too: it judges without being mounted."""
    baked = clone / "fan.auscult"
    baked.write_bytes(one_fan.read_bytes())
    layers = []
    for tag in ("once", "twice"):
        engine.build(clone, f"auscult:{tag}", "--build-arg=BUNDLE=fan.auscult", "--no-cache")
        layers.append(engine.inspect(f"localhost/auscult:{tag}")["RootFS"]["Layers"])
    assert layers[0] == layers[1]
    name = engine.start("localhost/auscult:once", "-p", "5010:5000")
    try:
        engine.wait_until_ready()
        assert engine.curl("-F", f"file=@{wav}", f"{AT}/inference")[0] == 200
    finally:
        engine.remove(name)


def test_nothing_of_the_building_machine_is_in_a_layer(engine, image, clone):
    """Neither what was lent to the build nor where it was done, in any file of any layer that was built here."""
    last_line = re.compile(r"(\S{64})\n\S*\n?-----END CERTIFICATE-----")  # of the signature, and so no other's
    certificates = set(last_line.findall(CERTIFICATES.read_text())) - set(last_line.findall(certifi.contents()))
    needles = {engine.mark, str(clone), str(ROOT), str(engine.folder), *certificates}
    needles = {needle.encode() for needle in needles}
    n_layers_of_base = len(engine.inspect(BASE)["RootFS"]["Layers"])
    folder = engine.folder / "layers"
    engine.run("skopeo", "copy", f"containers-storage:{image}", f"dir:{folder}", timeout_s=300)
    manifest = json.loads((folder / "manifest.json").read_text())
    digests = [layer["digest"] for layer in manifest["layers"][n_layers_of_base:]]
    n_files = 0
    for digest in digests:
        with tarfile.open(folder / digest.removeprefix("sha256:")) as layer:
            for member in layer:
                n_files += 1
                content = layer.extractfile(member).read() if member.isfile() else member.linkname.encode()
                found = [needle for needle in needles if needle in content or needle in member.name.encode()]
                assert not found, f"{member.name} has {found}"
                assert not re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}", content), member.name
                assert member.name not in ("etc/pip.conf", "run/secrets/ca.crt")
    assert n_files > 1000
    config = (folder / manifest["config"]["digest"].removeprefix("sha256:")).read_bytes()
    assert not [needle for needle in needles if needle in config]
