"""A manifest -> what the bundle is, what it is for, and how good it is, for people: its model card.

After M. Mitchell et al., "Model cards for model reporting", Conference on Fairness, Accountability, and Transparency
2019: https://arxiv.org/abs/1810.03993
"""

from dataclasses import fields
from typing import Any

from auscult.bundle.manifest import Manifest
from auscult.bundle.markdown import bullets, escaped, table
from auscult.bundle.model_card_figures import caveats_of, detection_section, diagnosis_section, named_faults, share
from auscult.detect.alarm_rule import AlarmRule
from auscult.errors import BundleError
from auscult.faults import UNKNOWN_FAULT
from auscult.features import LogMel

MODEL_CARD = "MODEL_CARD.md"


def model_card(manifest: Manifest) -> str:
    """Model card of a bundle.

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    str
        Markdown, equal for equal manifests: all that is in it stands in the manifest.

    Raises
    ------
    BundleError
        If the manifest does not hold what it should.
    """
    try:
        sections = {
            "What it is": _identity(manifest),
            "What it is for": _use(manifest),
            "What it learnt from": _training_data(manifest),
            "How a verdict is made": _verdicts(manifest),
            "How well it tells anomalous clips": detection_section(manifest),
            "How well it names faults": diagnosis_section(manifest),
            "Caveats": [bullets(caveats_of(manifest))],
            "Made with": [", ".join(escaped(f"{name} {number}") for name, number in sorted(manifest.versions.items()))],
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        problem = f"does not hold what a model card tells ({type(error).__name__}: {error})"
        raise BundleError("manifest.json", problem, "Make the bundle again.") from None
    parts = ["# Model card", *_first_words(manifest)]
    for heading, blocks in sections.items():
        if any(blocks):
            parts += [f"## {heading}", *blocks]
    return "\n\n".join(parts) + "\n"


def _first_words(manifest: Manifest) -> list[str]:
    if not manifest.training_data.get("is_synthetic"):
        return []
    learnt = "**Synthetic:** what this bundle learnt from is synthetic sound, all or in part, and so are the clips"
    return [f"{learnt} of its figures. They say nothing of real machines."]


def _identity(manifest: Manifest) -> list[str]:
    features, n_machines = manifest.features, len(manifest.thresholds)
    named = named_faults(manifest)
    if _is_detector(manifest):
        said = f"A detector that learnt the normal sound of {_counted(n_machines, 'machine')}"
        said += f" and names {_counted(len(named), 'fault')}." if named else ". It names no faults."
    else:
        said = "A classifier of clips, one for all machines, whose first class is normality."
    policy = manifest.channels
    heard = {"mean": "all channels averaged", "all": "all channels"}.get(str(policy), f"channel {policy}, from 0")
    listens = f"It listens at {features.sr:,} Hz; {heard}."
    if isinstance(features, LogMel):
        listens += f" {features.n_mels} mel bands from {features.fmin:,.0f} to {features.fmax:,.0f} Hz."
    blocks = [f"{said} {listens}"]
    if manifest.network:
        blocks.append(_network(manifest.network))
    if named:
        blocks.append(table(("fault", "a verdict says"), [(escaped(one.name), escaped(one.message)) for one in named]))
    return blocks


def _network(network: dict[str, Any]) -> str:
    facts = [f"Network: {escaped(network.get('name', 'without a name'))}"]
    if "n_parameters" in network:
        facts.append(f"{network['n_parameters']:,} parameters")
    if "n_epochs" in network and "best_epoch" in network:
        facts.append(f"epoch {network['best_epoch']} of {network['n_epochs']}")
    if "device" in network:
        facts.append(f"learnt on {escaped(network['device'])}")
    if "duration_s" in network:
        facts.append(f"in {network['duration_s']:,.0f} s")
    return f"{', '.join(facts)}."


def _use(manifest: Manifest) -> list[str]:
    limits = ["It is no safety function: nothing that protects people or machines may depend on it."]
    if _is_detector(manifest):
        limits.append("It knows only the machines that are listed below; another has to be enrolled first.")
    limits.append("The microphone, its place and its gain have to be as they were for the recordings it learnt from.")
    lengths = sorted({entry["alarms"]["interval_s"] for entry in manifest.thresholds.values() if "alarms" in entry})
    if lengths:
        said = " to ".join(dict.fromkeys(f"{length:.3g} s" for length in (lengths[0], lengths[-1])))
        limits.append(f"Clips have to be about as long as those it learnt from: {said}.")
    what = "that a machine does not sound as usual"
    if named_faults(manifest):
        what += ", and which of the named faults it may be"
        if manifest.faults[-1].id == UNKNOWN_FAULT.id:
            limits.append('A fault unlike those that have names is an "unknown fault", at best: it has no other word.')
        else:
            limits.append("It knows no unknown fault: a clip gets the class that it is most like, however unlike.")
    return [f"To tell a person who looks after machines {what}, so that they go and look.", bullets(limits)]


def _training_data(manifest: Manifest) -> list[str]:
    data = manifest.training_data
    if "imported_from" in data:
        sum_said = f", SHA-256 {escaped(data['sha256'])}" if "sha256" in data else ""
        return [f"Imported from {escaped(data['imported_from'])}{sum_said}. What that model learnt from is not known."]
    facts = []
    if "n_clips" in data:
        kind = "synthetic, all or in part" if data.get("is_synthetic") else "not known to be synthetic"
        facts.append(f"{_counted(data['n_clips'], 'normal clip')} ({kind}) of the machines that are listed below.")
    if "n_clips" in manifest.network:
        n_anomalous = _counted(manifest.network["n_clips"], "anomalous clip")
        facts.append(f"The network that names faults learnt from {n_anomalous}.")
    n_strange = sum(len(entry.get("strange", ())) for entry in manifest.thresholds.values())
    if n_strange:
        facts.append(f"Unlike all others of their machine, and not learnt: {_counted(n_strange, 'normal recording')}.")
    if data.get("left_out"):
        facts.append(f"Left out: {len(data['left_out']):,} (`auscult bundle inspect` says which, and why).")
    if "fingerprint" in data:
        facts.append(f"Fingerprint of the recordings: {escaped(data['fingerprint'])}.")
    return [bullets(facts)] if facts else ["It does not say."]


def _verdicts(manifest: Manifest) -> list[str]:
    if not _is_detector(manifest):
        return ["The verdict is the class of the highest probability. There are no thresholds."]
    blocks = [
        "A clip is anomalous if its score (standard deviations above the mean of normal clips) is above its machine's "
        "threshold. Of normal sound is expected: the share of single clips that is called anomalous, and false alarms "
        "where clips follow each other, as from a microphone."
    ]
    headings = ("machine", "threshold", "normal takes", "called anomalous", "false alarms")
    rows = [_threshold_row(name, entry) for name, entry in manifest.thresholds.items()]
    blocks.append(table(headings, rows))
    if manifest.network:
        limit = f"below a probability of {manifest.network['unknown_below']:.2f} it is an unknown fault"
        blocks.append(f"The fault of an anomalous clip is the one that the network finds most probable; {limit}.")
    elif named_faults(manifest):
        unlike = "if it is like none, it is an unknown fault"
        blocks.append(f"The fault of an anomalous clip is the one whose named clips changed most alike; {unlike}.")
    return blocks


def _threshold_row(name: str, entry: dict[str, Any]) -> tuple[str, ...]:
    said = entry.get("alarms", {})
    numbers = {field.name: said[field.name] for field in fields(AlarmRule) if field.name in said}
    promise = str(AlarmRule(**numbers)) if numbers else "-"
    threshold, n_takes = f"{entry['threshold']:.3f}", str(entry.get("n_takes", "-"))
    return escaped(name), threshold, n_takes, share(entry.get("false_alarm_rate")), promise


def _is_detector(manifest: Manifest) -> bool:
    return isinstance(manifest.features, LogMel)


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
