from auscult.audio.find import Entry
from auscult.audio.layouts import Place
from auscult.pipeline.backgrounds import Backgrounds


def entry(number, machine_type="fan", label="normal", split=""):
    take = f"{machine_type}/{label}/{number}"
    return Entry(f"/{take}{split}.wav", Place(machine_type=machine_type, label=label, take=take, split=split))


def test_others_are_normal_of_the_same_type_and_side_and_of_other_takes():
    entries = [
        *(entry(number, machine_type, label, split)
          for number in range(5)
          for machine_type in ("fan", "pump")
          for label in ("normal", "anomalous")
          for split in ("train", "test")),
    ]  # fmt: skip
    backgrounds = Backgrounds(entries, seed=0)
    for own in entries:
        others = backgrounds.of(own)
        assert len(others) == 3
        assert own.location not in others
        for other in others:
            assert other.startswith(f"/{own.place.machine_type}/normal/")
            assert other.endswith(f"{own.place.split}.wav")
            assert own.place.take not in other


def test_few_are_kept_of_many_and_all_have_a_chance():
    backgrounds = Backgrounds((entry(number) for number in range(5000)), seed=0)
    proposed = {int(place.split("/")[-1][:-4]) for number in range(2000) for place in backgrounds.of(entry(number))}
    assert len(proposed) <= 64
    assert min(proposed) < 1000
    assert max(proposed) > 4000


def test_the_same_seed_proposes_the_same():
    entries = [entry(number) for number in range(100)]
    first, again, other = (Backgrounds(entries, seed=seed) for seed in (1, 1, 2))
    assert [first.of(own) for own in entries] == [again.of(own) for own in entries]
    assert [first.of(own) for own in entries] != [other.of(own) for own in entries]


def test_a_lone_clip_has_none():
    assert Backgrounds([entry(0)], seed=0).of(entry(0)) == ()
    assert Backgrounds([], seed=0).of(entry(0)) == ()
