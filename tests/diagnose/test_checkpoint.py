import dataclasses
import pickle

import numpy as np
import pytest
import torch

from auscult.diagnose import Training
from auscult.diagnose.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from auscult.errors import DataError


def test_what_is_saved_is_loaded_by_its_mark_alone(tmp_path):
    path = tmp_path / "a" / "b.pt"
    save_checkpoint(path, {"weights": {"x": torch.arange(3)}, "history": [[1, 0.5]]}, "mark")
    found = load_checkpoint(path, "mark")
    assert found["weights"]["x"].tolist() == [0, 1, 2]
    assert found["history"] == [[1, 0.5]]
    assert load_checkpoint(path, "other") is None
    assert [file.name for file in path.parent.iterdir()] == ["b.pt"]


def test_no_file_or_a_damaged_one(tmp_path):
    path = tmp_path / "b.pt"
    assert load_checkpoint(path, "mark") is None
    save_checkpoint(path, {"weights": torch.arange(1000)}, "mark")
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:500], whole[:-20], b"not a file of ours" * 9):
        path.write_bytes(content)
        assert load_checkpoint(path, "mark") is None
    torch.save([1, 2], path)
    assert load_checkpoint(path, "mark") is None


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('a checkpoint was executed')",)


def test_nothing_in_it_is_executed(tmp_path):
    path = tmp_path / "b.pt"
    torch.save({"fingerprint": "mark", "state": Trap()}, path)
    assert load_checkpoint(path, "mark") is None
    path.write_bytes(pickle.dumps({"fingerprint": "mark", "state": Trap()}))
    assert load_checkpoint(path, "mark") is None


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        save_checkpoint(tmp_path / "file" / "b.pt", {}, "mark")


def test_the_fingerprint_knows_everything(sides, names):
    learnt, held_out, _ = sides
    training = Training().resolved()
    other_patch = [learnt.patches[0] + np.float32(1e-3), *learnt.patches[1:]]
    marks = [
        fingerprint(learnt, held_out, names, training, "cpu"),
        fingerprint(learnt, held_out, names, training, "cuda"),
        fingerprint(learnt, held_out, names[::-1], training, "cpu"),
        fingerprint(held_out, learnt, names, training, "cpu"),
        fingerprint(learnt.subset(range(59)), held_out, names, training, "cpu"),
        fingerprint(dataclasses.replace(learnt, patches=other_patch), held_out, names, training, "cpu"),
        fingerprint(dataclasses.replace(learnt, changes=learnt.changes + 1), held_out, names, training, "cpu"),
        fingerprint(learnt, dataclasses.replace(held_out, labels=held_out.labels[::-1]), names, training, "cpu"),
        fingerprint(learnt, dataclasses.replace(held_out, takes=held_out.takes[::-1]), names, training, "cpu"),
    ]
    others = {"seed": 1, "n_epochs": 9, "learning_rate": 0.1, "batch_size": 9, "patience": 3, "is_augmented": False}
    for name, value in others.items():
        changed = dataclasses.replace(training, **{name: value})
        marks.append(fingerprint(learnt, held_out, names, changed, "cpu"))
    assert len(set(marks)) == len(marks)
    assert fingerprint(learnt.subset(range(60)), held_out, names, Training().resolved(), "cpu") == marks[0]
