from pathlib import Path

import pytest

from auscult.errors import BundleError, OptionError
from auscult.shipping import write_build_context

ROOT = Path(__file__).parents[2]


def test_context_has_what_a_clone_is_built_with(trained_bundle, tmp_path):
    names = write_build_context(trained_bundle, tmp_path / "image")
    assert {path.name for path in (tmp_path / "image").iterdir()} == set(names)
    assert (tmp_path / "image" / "Dockerfile").read_bytes() == (ROOT / "containers" / "Dockerfile").read_bytes()
    assert (tmp_path / "image" / "constraints.txt").read_bytes() == (ROOT / "constraints.txt").read_bytes()
    assert (tmp_path / "image" / names[-1]).read_bytes() == trained_bundle.read_bytes()


def test_writing_again_leaves_one_wheel(trained_bundle, tmp_path):
    (tmp_path / "auscult-0.0.0-py3-none-any.whl").write_bytes(b"of an older Auscult")
    names = write_build_context(trained_bundle, tmp_path)
    assert write_build_context(trained_bundle, tmp_path) == names
    assert len(list(tmp_path.glob("*.whl"))) == 1


def test_an_edited_dockerfile_is_kept(trained_bundle, tmp_path):
    notes = []
    write_build_context(trained_bundle, tmp_path, notes.append)
    (tmp_path / "Dockerfile").write_text("FROM ours")
    (tmp_path / "serving.lock").write_text("of an older Auscult")
    write_build_context(trained_bundle, tmp_path, notes.append)
    assert (tmp_path / "Dockerfile").read_text() == "FROM ours"
    assert (tmp_path / "serving.lock").read_bytes() == (ROOT / "serving.lock").read_bytes()
    assert notes == [f"{tmp_path / 'Dockerfile'}: kept as it is, as you may have edited it; delete it to have it anew"]


def test_a_file_is_no_folder(trained_bundle, tmp_path):
    (tmp_path / "image").write_text("a file")
    with pytest.raises(OptionError, match="is a file, and a build context is a folder"):
        write_build_context(trained_bundle, tmp_path / "image")


def test_folder_with_something_else_is_left_alone(trained_bundle, tmp_path):
    (tmp_path / "letter.txt").write_text("private")
    with pytest.raises(OptionError, match="letter"):
        write_build_context(trained_bundle, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_damaged_bundle_is_not_shipped(trained_bundle, tmp_path):
    damaged = tmp_path / "damaged.auscult"
    damaged.write_bytes(trained_bundle.read_bytes()[:-200])
    with pytest.raises(BundleError):
        write_build_context(damaged, tmp_path / "image")
    assert not (tmp_path / "image").exists()
