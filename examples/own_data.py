"""Your own recordings, from Python: what can be expected, learn, report, judge, and one more machine.

    python examples/own_data.py                                # on synthetic fans
    python examples/own_data.py recordings --new new/press_4   # on yours: recordings/<machine>/{normal,abnormal}/*.wav

The bundle and the report go to examples/out/own_data, or where --output says.
"""

import argparse
from pathlib import Path

import auscult
from auscult.audio import index_clips
from auscult.synth import write_dataset

OUT = Path(__file__).parent / "out" / "own_data"


def synthesise(folder: Path) -> tuple[Path, Path]:
    """A table of two fans, well and with faults that it names, and a folder of another fan that is well."""
    shape = {"n_normal": 30, "n_channels": 1, "duration_s": 4.0}
    faults = {"n_anomalous": 24, "faults": ("imbalance", "clogging"), "severity": (0.6, 1.0)}
    write_dataset(folder / "recordings", seed=502, **shape, **faults)
    write_dataset(folder / "new_fan", seed=503, n_ids=1, n_anomalous=0, **shape)
    return folder / "recordings" / "truth.csv", folder / "new_fan"


def main() -> None:
    """Go the whole way."""
    parser = argparse.ArgumentParser(description="From a folder of recordings to verdicts.")
    parser.add_argument("recordings", type=Path, nargs="?", help="folder or table of them; synthetic ones if left out")
    parser.add_argument("--new", type=Path, help="normal recordings of a machine that is to be enrolled afterwards")
    parser.add_argument("--output", type=Path, default=OUT, help="folder for the bundle and the report")
    options = parser.parse_args()
    recordings, new = options.recordings, options.new
    if recordings is None:
        recordings, new = synthesise(options.output / "synthetic")
    clips = index_clips(recordings)

    expected = auscult.commission(recordings, machine_id=clips[0].machine)
    print(f"{expected.machine}, before any fault exists: {expected.promise}")
    smallest = expected.learning_curve[-1]["mean_level_db"]
    print(f"  sounds are found from {smallest:+.1f} dB on, re the machine's own; mean of all kinds and octaves")

    path, report = options.output / "machines.auscult", options.output / "report.html"
    bundle = auscult.train(recordings, output=path, report=report, n_jobs=2)
    is_synthetic, metrics = bundle.manifest.training_data["is_synthetic"], bundle.manifest.metrics
    print("Figures of clips held out" + ", all of them synthetic:" * is_synthetic)
    for row in metrics["figures"]:
        if "auc" in row:
            counts = f"{row['n_normal']} normal and {row['n_anomalous']} anomalous"
            low, high = row["auc_95"]
            print(f"  {row['machine']}: AUC {row['auc']:.2f} ({low:.2f} to {high:.2f}) of {counts}; ", end="")
            print(f"a level meter's {row['level_auc']:.2f}")
    for row in metrics["diagnosis"]["splits"] if metrics["diagnosis"] else []:
        if row["split"] == "grouped":  # by take: new recordings of these machines
            low, high = row["macro_f1_95"]
            print(
                f"  naming faults: macro F1 {row['macro_f1']:.2f} ({low:.2f} to {high:.2f}) of {row['n_clips']}; ",
                end="",
            )
            print(f"a level meter's {row['level_macro_f1']:.2f}")
    print(f"It names {', '.join(fault.name for fault in bundle.manifest.faults[1:])}. What to believe: {report}")

    verdict = auscult.load(path).predict(clips[-1].path, machine_id=clips[-1].machine, explain=True)
    print(f"{clips[-1].path.name}: {verdict.message} (score {verdict.score:.1f}, threshold {verdict.threshold:.1f})")
    for change in verdict.explanation.changes[:3]:
        print(f"  {change}")

    if new is not None:
        bundle, left_out = auscult.enroll(bundle, new, machine_id=new.name)
        bundle.save(path)
        print(f"{path} knows {', '.join(bundle.detector.machines)}; left out {len(left_out)} recordings")


if __name__ == "__main__":  # networks learn in processes of their own, which import this file
    main()
