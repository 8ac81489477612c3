import dataclasses
import json

from auscult.faults.discovery import Discovery


def test_says_what_speaks_for_clusters_and_against_them(auscult_cli, found):
    done = auscult_cli("faults", "audit", found)
    assert done.returncode == 0, done.stderr
    assert "  machine: AMI " in done.stdout
    assert "clusters do not follow machine or level" in done.stdout
    assert "32 anomalous recordings of 32 takes" in done.stdout


def test_clusters_that_are_machines_end_with_1(auscult_cli, found):
    discovery = Discovery.load(found)
    suspicious = {**discovery.audit, "confounders": ["machine"], "verdict": "clusters follow machine (AMI 0.90)"}
    dataclasses.replace(discovery, audit=suspicious).save(found)
    for options in ((), ("--json",)):
        done = auscult_cli("faults", "audit", found, *options)
        assert done.returncode == 1
        assert "clusters follow machine (AMI 0.90)" in done.stdout


def test_names_of_today_are_said(auscult_cli, found):
    assert auscult_cli("faults", "name", found, "1", "grinding").returncode == 0
    assert "grinding (Fault: grinding): kept: 12 of 12 exemplars" in auscult_cli("faults", "audit", found).stdout
    answer = json.loads(auscult_cli("faults", "audit", found, "--json").stdout)
    assert [cluster["fault"] for cluster in answer["clusters"]] == [None, "grinding"]


def test_a_folder_that_is_no_discovery(auscult_cli, tmp_path):
    for verb in (("audit",), ("plot",), ("listen", "-o", "sounds"), ("name", "0", "leak")):
        done = auscult_cli("faults", verb[0], tmp_path, *verb[1:])
        assert done.returncode == 3
        assert (
            "holds no discovery: discovery.json is missing. Make it again with: auscult faults discover" in done.stderr
        )
