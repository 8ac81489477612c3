"""Files named as in DCASE Task 2 -> what is normal, figures, and the CSV files that DCASE's evaluators read.

    python examples/dcase.py              # on synthetic fans and pumps, renamed
    python examples/dcase.py dev_data     # on yours: dev_data/<machine type>/{train,test}/*.wav

The bundle and the CSV files go to examples/out/dcase, or where --output says.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import auscult
from auscult.synth import write_dataset

OUT = Path(__file__).parent / "out" / "dcase"
N_NORMAL, N_TRAIN = 40, 30


def synthesise(folder: Path) -> Path:
    """Two machines called as DCASE calls them: section_00_source_train_normal_0000.wav."""
    shape = {"n_normal": N_NORMAL, "n_anomalous": 10, "n_channels": 1, "duration_s": 4.0}
    data = folder / "dev_data"
    with tempfile.TemporaryDirectory() as home:
        for row in write_dataset(home, machine_types=("fan", "pump"), n_ids=1, seed=504, **shape):
            number = Path(row.path).stem[-4:]
            split = "train" if row.label == "normal" and int(number) < N_TRAIN else "test"
            label = "normal" if row.label == "normal" else "anomaly"
            target = data / row.machine_type / split / f"section_00_source_{split}_{label}_{number}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(home, row.path), target)
        shutil.copy(Path(home, "truth.csv"), data)  # it tells that they are synthetic
    return data


def main() -> None:
    """Learn from the clips for training, and judge those for testing."""
    parser = argparse.ArgumentParser(description="From DCASE's files to those of its evaluators.")
    parser.add_argument("data", type=Path, nargs="?", help="folder with a folder a machine type; synthetic if left out")
    parser.add_argument("--output", type=Path, default=OUT, help="folder for the bundle and the CSV files")
    options = parser.parse_args()
    data = options.data or synthesise(options.output)

    bundle = auscult.train(data, labels="none", output=options.output / "dcase.auscult")
    measured = auscult.evaluate(bundle, data, dcase=options.output / "csv")

    print("Figures of clips for testing" + ", all of them synthetic:" * measured.is_synthetic)
    for row in measured.figures:
        if "auc" in row:
            counts = f"{row['n_normal']} normal and {row['n_anomalous']} anomalous"
            low, high = row["auc_95"]
            print(f"  {row['machine']}: AUC {row['auc']:.2f} ({low:.2f} to {high:.2f}) of {counts}; ", end="")
            print(f"pAUC {row['pauc']:.2f}; a level meter's AUC {row['level_auc']:.2f}")
    for path in sorted((options.output / "csv").glob("*.csv")):
        print(path)


if __name__ == "__main__":
    main()
