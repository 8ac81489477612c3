import dataclasses

import numpy as np
import onnx
import onnxruntime
import pytest

from auscult.diagnose import Examples, Training, fit_network, onnx_export
from auscult.diagnose.networks import Small


@pytest.fixture(scope="session")
def without_changes(sides, names):
    bare = [dataclasses.replace(side, changes=side.changes[:, :0]) for side in sides[:2]]
    return fit_network(*bare, names, Training(n_epochs=2, device="cpu"))


@pytest.fixture(params=["small", "original", "without_changes"])
def fitted(request):
    return request.getfixturevalue(request.param)


def run(model, examples):
    """Probabilities of clips of one length by ONNX Runtime."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = {"patch": np.stack(examples.patches)[..., None], "changes": examples.changes}
    return session.run(["probabilities"], {one.name: inputs[one.name] for one in session.get_inputs()})[0]


def random_examples(rng, n_frames, fitted, n_clips=3):
    patches = list(rng.uniform(1, 30) * rng.standard_normal((n_clips, fitted.n_bands, n_frames)))
    changes = np.exp(rng.uniform(-3, 9, (n_clips, fitted.n_changes))) * rng.choice([-1, 1], (n_clips, fitted.n_changes))
    return Examples(patches, changes, np.zeros(n_clips, int), ("",) * n_clips)


@pytest.mark.parametrize("lengths", [range(1, 41), (63, 64, 65, 100, 311, 313, 1000)])
def test_probabilities_are_pytorchs(fitted, rng, lengths):
    model = fitted.to_onnx()
    for n_frames in lengths:
        examples = random_examples(rng, n_frames, fitted, n_clips=int(rng.integers(1, 4)))
        np.testing.assert_allclose(run(model, examples), fitted.probabilities(examples), atol=1e-5, rtol=0)


def test_probabilities_of_real_clips_are_pytorchs(fitted, sides):
    examples = sides[2]
    if fitted.n_changes == 0:
        examples = dataclasses.replace(examples, changes=examples.changes[:, :0])
    np.testing.assert_allclose(run(fitted.to_onnx(), examples), fitted.probabilities(examples), atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", [0.0, 24.0, -24.0, 1000.0])
def test_patches_that_do_not_move(fitted, level):
    patches, changes = [np.full((fitted.n_bands, 20), level)] * 2, np.zeros((2, fitted.n_changes))
    examples = Examples(patches, changes, [0, 0], ("", ""))
    np.testing.assert_allclose(run(fitted.to_onnx(), examples), fitted.probabilities(examples), atol=1e-5, rtol=0)


def test_always_the_same_bytes(fitted, sides, names):
    assert fitted.to_onnx() == fitted.to_onnx()
    shuffled = dataclasses.replace(fitted, weights=dict(sorted(fitted.weights.items(), reverse=True)))
    assert shuffled.to_onnx() == fitted.to_onnx()


def test_temperature_is_inside(small, sides):
    hotter = dataclasses.replace(small, temperature=5.0)
    assert hotter.to_onnx() != small.to_onnx()
    np.testing.assert_allclose(run(hotter.to_onnx(), sides[2]), hotter.probabilities(sides[2]), atol=1e-5, rtol=0)


def test_inputs_and_outputs(fitted):
    model = onnx.load_from_string(fitted.to_onnx())
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    shapes = {
        one.name: [side.dim_value or side.dim_param for side in one.type.tensor_type.shape.dim]
        for one in (*model.graph.input, *model.graph.output)
    }
    wanted = {"patch": ["batch", 16, "n_frames", 1], "probabilities": ["batch", 3]}
    assert shapes == (wanted | {"changes": ["batch", 5]} if fitted.n_changes else wanted)


def test_the_norms_are_standardised_alike():
    assert {norm.eps for norm in Small(8, 0, 2).norms} == {onnx_export.NORM_EPSILON}
