"""The manifest for Kubernetes: valid by Kubernetes' own schemas, and true of what `auscult serve` does."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import typer
import yaml
from prometheus_client import generate_latest

import auscult
from auscult.cli import app
from auscult.server import create_app
from auscult.server.prometheus import InferenceMetrics, new_registry
from auscult.server.run import DRAIN_S

ROOT = Path(__file__).parents[2]
OBJECTS = {part["kind"]: part for part in yaml.safe_load_all((ROOT / "containers" / "kubernetes.yaml").read_text())}
AUTOSCALER = OBJECTS["HorizontalPodAutoscaler"]
POD = OBJECTS["Deployment"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


@pytest.mark.parametrize("version", ["1.29", "1.31"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_valid_by_the_schemas(kind, version):
    kubernetes_validate.validate(OBJECTS[kind], version, strict=True)


def test_schemas_would_see_a_mistake():
    wrong = OBJECTS["Service"] | {"spec": OBJECTS["Service"]["spec"] | {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_probes_ask_what_is_there(trained_bundle):
    paths = create_app(auscult.load(trained_bundle)).openapi()["paths"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert CONTAINER[probe]["httpGet"]["path"] in paths


def test_command_is_one_that_auscult_takes():
    verb, bundle, *options = CONTAINER["args"]
    command = typer.main.get_command(app).commands[verb]
    parsed = command.make_context(verb, [bundle, *options]).params
    assert (parsed["host"], parsed["port"]) == ("0.0.0.0", CONTAINER["ports"][0]["containerPort"])


def test_requests_under_way_have_time():
    (_, pause_s) = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert POD["terminationGracePeriodSeconds"] >= DRAIN_S + int(pause_s)


def test_it_may_do_nothing_but_serve():
    assert POD["securityContext"]["runAsNonRoot"] is True
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "containers" / "Dockerfile").read_text(), re.MULTILINE)
    assert (POD["securityContext"]["runAsUser"], POD["securityContext"]["runAsGroup"]) == tuple(map(int, user.groups()))
    allowed = CONTAINER["securityContext"]
    assert allowed["readOnlyRootFilesystem"] is True
    assert allowed["allowPrivilegeEscalation"] is False
    assert allowed["capabilities"] == {"drop": ["ALL"]}
    assert POD["automountServiceAccountToken"] is False


def test_everything_finds_the_pods():
    labels = OBJECTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert OBJECTS["Service"]["spec"]["selector"] == labels
    assert OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = OBJECTS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", OBJECTS["Deployment"]["metadata"]["name"])


def test_mounted_volumes_may_be_written():
    assert POD["securityContext"]["fsGroup"] == POD["securityContext"]["runAsGroup"]


def test_scaling_needs_no_adapter():
    """With a metric that cannot be fetched Kubernetes takes no copies away."""
    assert [metric["type"] for metric in AUTOSCALER["spec"]["metrics"]] == ["Resource"]


def test_scaling_is_by_a_figure_that_serving_tells():
    """The rule of docs/kubernetes.md makes the figure that may be scaled by, of one that stands at /metrics."""
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (added,) = yaml.safe_load(re.search(r"```yaml\n( +- type: Pods.*?)```", page, re.DOTALL)[1])
    metrics = [*AUTOSCALER["spec"]["metrics"], added]
    with_it = AUTOSCALER | {"spec": AUTOSCALER["spec"] | {"metrics": metrics}}
    kubernetes_validate.validate(with_it, "1.31", strict=True)
    (rule,) = yaml.safe_load(re.search(r"```yaml\n(rules:.*?)```", page, re.DOTALL)[1])["rules"]["custom"]
    assert rule["name"]["as"] == added["pods"]["metric"]["name"]
    series = re.match(r"\w+", rule["seriesQuery"])[0]
    registry = new_registry()
    InferenceMetrics(registry)
    assert series in re.findall(r"^\w+", generate_latest(registry).decode(), re.MULTILINE)
    assert f"{series}{{<<.LabelMatchers>>}}" in rule["metricsQuery"]
