from made_up_discovery import made_up

from auscult.cli.faults.found import found_as_json, load_found, next_name
from auscult.faults.names_file import Names, write_names
from auscult.faults.naming import name_cluster


def test_names_are_those_of_now(tmp_path):
    discovery = made_up(tmp_path)
    discovery.save(tmp_path / "found")
    write_names(discovery.names_file, name_cluster(discovery, Names(), 1, "leak"))
    loaded, names = load_found(tmp_path / "found")
    told = found_as_json(loaded, names)
    assert [cluster["fault"] for cluster in told["clusters"]] == [None, "leak", None]
    assert {clip["fault"] for clip in told["clips"] if clip["cluster"] == 1} == {"leak"}
    assert told["names"][0]["status"] == "kept"


def test_the_next_to_name_is_the_first_cluster_without_a_name(faulty_fans, tmp_path):
    found, folder = faulty_fans.found, tmp_path / "my found"
    assert next_name(folder, found, Names()).endswith(f"faults name '{folder}' 0 NAME")
    names = name_cluster(found, Names(), 0, "imbalance")
    assert next_name(folder, found, names).endswith(" 1 NAME")
    assert next_name(folder, found, name_cluster(found, names, 1, "wear")) == ""
