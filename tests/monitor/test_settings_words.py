import pytest

from auscult.monitor.settings_words import meant, sentence


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("alarm",), " (did you mean alarms?)"),
        (("sources", "hall", "pth"), " (did you mean path?)"),
        (("mqtt", "hots"), " (did you mean host?)"),
        (("webhooks", "ops", "ur"), " (did you mean url?)"),
        (("mqtt", "colour"), ""),
        (("colour", "red"), ""),
        (("site", "x"), ""),
    ],
)
def test_another_name_may_have_been_meant(place, said):
    assert meant(place) == said


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("missing", "Field required", "is missing"),
        (
            "too_short",
            "Dictionary should have at least 1 item after validation, not 0",
            "there is nothing in it: expec",
        ),
        ("path_type", "Input is not a valid path for <class 'pathlib.Path'>", "expected a path"),
        ("string_pattern_mismatch", "String should match pattern '^[^+#]+$'", "may not have + and #"),
        ("string_pattern_mismatch", "String should match pattern '^https?://'", "that begins with http:// or"),
        ("string_pattern_mismatch", "String should match pattern '^[A-Za-z0-9][A-Za", "may only have A to Z"),
        ("greater_than", "Input should be greater than 0", "it should be greater than 0"),
        ("value_error", "Value error, there is no x", "there is no x"),
    ],
)
def test_what_pydantic_says_in_plain_words(kind, message, said):
    assert said in sentence(kind, message)
