import json

import pytest


def test_without_the_file_it_says_where_to_get_it(run_example, tmp_path):
    done = run_example("original_model.py", AUSCULT_REAL_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}/signalml/weightsMulti.hdf5: the original's model is not there.")
    assert "https://github.com/ALaks96/signalML" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.real
@pytest.mark.slow
def test_answers_are_the_originals(run_example, real_data):
    done = run_example("original_model.py", AUSCULT_REAL_DATA=str(real_data))
    assert done.returncode == 0, done.stderr
    expected = json.loads((real_data / "signalml" / "expected.json").read_text())
    answers = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert set(answers) == {"normal.wav", "pb1.wav", "pb2.wav", "pb3.wav"}
    for name, answer in answers.items():
        said, wanted = json.loads(answer), expected[name.removesuffix(".wav")]
        assert said["Anomaly"] == wanted["Anomaly"]
        assert said["Details"]["Message"] == wanted["Details"]["Message"]
        assert said["Details"]["Probabilities"] == pytest.approx(wanted["Details"]["Probabilities"], abs=0.001)
