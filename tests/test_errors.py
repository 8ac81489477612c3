import inspect

from auscult import errors


def test_every_error_is_an_auscult_error_and_stands_in_the_tree():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(kind, errors.AuscultError)
        assert name in errors.__doc__
        assert f"exit code {kind.exit_code}" in errors.__doc__


def test_message_says_where_what_and_what_to_do():
    error = errors.AudioError("clip.wav", "holds no samples", "Record it again.")
    assert str(error) == "clip.wav: holds no samples. Record it again."
