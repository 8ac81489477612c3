"""``auscult demo``: the whole product on synthetic machines."""

import json
import shlex
from pathlib import Path

import typer

from auscult.cli.output import auscult_command, out, progress_bar
from auscult.cli.train import print_summary


def demo(
    root: Path = typer.Argument(Path("demo"), metavar="[DIR]", help="Folder to write to."),
    seed: int = typer.Option(1, help="The same seed gives the same machines."),
) -> None:
    """Synthesise machines, learn their normal sound and faults, judge clips, serve the bundle and post one to it."""
    from auscult.pipeline import demo as steps

    bundle_path, report = root / "fan.auscult", root / "report.html"
    steps.check_folder(root)
    out.print(f"1. Synthesise fans, some of them faulty, in {root / 'data'}", markup=False)
    with progress_bar() as on_progress:
        steps.synthesise(root, seed=seed, on_progress=on_progress)
    out.print("2. Learn their normal sound, and to name their faults", markup=False)
    with progress_bar() as on_progress:
        bundle = steps.learn(root, bundle_path, report, on_progress=on_progress)
    print_summary(bundle, bundle_path, steps.FALSE_ALARM_RATE, report)
    out.print(
        "3. Judge a normal clip that was held out, and the clip with the worst fault of each machine: normal sound was "
        "learnt without it, its fault's name with it",
        markup=False,
    )
    clips = steps.held_out_clips(root)
    for clip in clips:
        verdict = bundle.predict(clip)
        is_right = verdict.is_anomalous == (clip.parent.name == "abnormal")
        truth = "right" if is_right else "wrong: it was " + ("faulty" if not verdict.is_anomalous else "normal")
        out.print(f"   {clip.relative_to(root)}: {verdict.message} ({truth}; p {verdict.p_value:.3g})", markup=False)
    out.print("4. Serve the bundle and post the last of them", markup=False)
    url, answer = steps.served_answer(bundle_path, clips[-1])
    out.print(f"   POST {url}/inference -> {json.dumps(answer)}", markup=False)
    out.print(f"\nOpen {report} in a browser: what was learnt, how well, and what not to believe.", markup=False)
    out.print("All of it was synthetic. Now with your own recordings:", markup=False)
    command = auscult_command()
    out.print(f"   {command} train RECORDINGS -o machine.auscult --report report.html", markup=False)
    out.print(f"   {command} predict machine.auscult CLIP.wav", markup=False)
    served = f"{command} serve {shlex.quote(str(bundle_path))}"
    out.print(f"or look at this one: {served}, then open http://127.0.0.1:5000/docs", markup=False)
