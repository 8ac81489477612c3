"""Everything about one machine that needs its sound: windows, detections, microphone, operating state, recordings."""

from dataclasses import dataclass, field
from typing import Any, Never

import numpy as np
from numpy.typing import NDArray

from auscult.bundle import Bundle
from auscult.errors import AudioError, AuscultError
from auscult.features import LogMel
from auscult.monitor.decisions.decider import Decider
from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.decisions.listener import Listener, Window
from auscult.monitor.decisions.operating_state import LearntSound, OperatingState
from auscult.monitor.detection import Detection
from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sensor_faults import CAUSES, UNUSABLE
from auscult.monitor.health.sensor_health import Health, SensorHealth
from auscult.monitor.settings import MonitorSettings, Source
from auscult.monitor.shadow import Shadow
from auscult.monitor.sources import folder
from auscult.monitor.sources.blocks import Block
from auscult.monitor.store.alarm_recording import AlarmRecording, RecentSound


@dataclass(frozen=True)
class Decided:
    """A detection and what it was made of.

    Parameters
    ----------
    detection : Detection
    descriptors : ndarray, shape (n_descriptors,), float32
    """

    detection: Detection
    descriptors: NDArray[np.float32]


@dataclass
class Heard:
    """What a block of sound led to.

    Attributes
    ----------
    windows : list of (Window, float, str)
        Each with its anomaly score and the operating state.
    decided : list of Decided
    recordings : list of AlarmRecording
        That are complete.
    """

    windows: list[tuple[Window, float, str]] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    recordings: list[AlarmRecording] = field(default_factory=list)


class MachineWatch:
    """Listens to one machine.

    Parameters
    ----------
    bundle : Bundle
        With a model of normal sound.
    source : Source
        What the settings say of its source.
    settings : MonitorSettings
    known : KnownSounds
        What people said of earlier alarms.
    remembered : dict, optional
        What `to_dict` gave before a restart.
    last : Detection, optional
        The last one before a restart.
    shadow : Bundle, optional
        Another one that judges beside it.

    Attributes
    ----------
    machine : str
    folder : auscult.monitor.sources.folder.HeardRecordings or None
        What was heard of the source's folder; None if it is none.
    shadow : Shadow or None
    """

    def __init__(
        self,
        bundle: Bundle,
        source: Source,
        settings: MonitorSettings,
        *,
        known: KnownSounds,
        remembered: dict[str, Any] | None = None,
        last: Detection | None = None,
        shadow: Bundle | None = None,
    ) -> None:
        assert bundle.detector is not None
        self.machine = source.machine
        self._source, self._settings = source, settings
        self._is_live = source.kind not in ("folder", "replay")
        self._baseline = (remembered or {}).get("baseline")
        self._listener: Listener | None = None
        self._health: SensorHealth | None = None
        self._recent: RecentSound | None = None
        self._ended: list[AlarmRecording] = []
        """Recordings under way when sound of another rate or number of channels came."""
        self._useless: Health | None = None
        """Why the bundle cannot be used with the sound that comes; None if it can."""
        self._shift_s = 0.0
        """How far the source's clock is ahead of this computer's."""
        assert isinstance(bundle.manifest.features, LogMel)
        learnt = LearntSound.of(bundle.detector.machines[self.machine], bundle.manifest.features)
        self._bundle, self._state = bundle, OperatingState(learnt, settings.states)
        self._decider = Decider(bundle, self.machine, known)
        self._decider.go_on_from(last)
        self.folder: folder.HeardRecordings | None = None
        if source.kind == "folder":
            self.folder = folder.HeardRecordings.of(str(source.path), (remembered or {}).get("folder"))
        self.shadow: Shadow | None = None
        if shadow is not None:
            beside = (remembered or {}).get("shadow")
            self.shadow = Shadow(
                shadow, bundle, self.machine, settings.alarms, channels=source.channels, remembered=beside
            )

    def learn(self, known: KnownSounds, known_to_shadow: KnownSounds | None) -> None:
        """Take what people said of earlier alarms anew, as each bundle can use it."""
        self._decider.known = known
        if self.shadow is not None and known_to_shadow is not None:
            self.shadow.know(known_to_shadow)

    def forget_evidence(self) -> None:
        """Begin anew to gather evidence, after a person said that what was heard until now was nothing."""
        self._decider.forget_evidence()

    def said_of_shadow(self) -> str:
        """What the other bundle would have done so far, or why it does not judge; empty if there is nothing to say."""
        if self.shadow is None or (self.shadow.since is None and not self.shadow.problem):
            return ""
        return self.shadow.problem or str(self.shadow.comparison())

    @property
    def health(self) -> Health | None:
        """How the microphone is; None before it gave anything."""
        return self._useless or (None if self._health is None else self._health.health)

    def now(self, wall: float) -> float:
        """Time as the source has it, of this computer's: recordings are played at the time they speak of.

        Parameters
        ----------
        wall : float
            Unix time in seconds.
        """
        return wall + self._shift_s

    def told(self, payload: str, at: float) -> None:
        """Take the operating state from outside."""
        self._state.told(payload, at)

    def record(self, alarm_id: str, at: float) -> None:
        """Record the sound around an alarm."""
        if self._recent is not None:
            self._recent.record(alarm_id, at)

    def hear(self, block: Block, wall: float) -> Heard:
        """Take a block of sound.

        Parameters
        ----------
        block : Block
        wall : float
            When it is taken, Unix time in seconds.

        Raises
        ------
        AuscultError
            If the bundle cannot be used with such sound, or there is none since a recording cannot be used.
        """
        if block.refusal is not None:
            self._refuse(block.refusal, block)
        try:
            listener, health, recent = self._at_rate(block)
        except AuscultError as error:
            self._refuse(error, block)
        is_after_gap, self._useless = block.is_after_gap or self._useless is not None, None
        self._shift_s = block.ended_at - wall
        health.hear(block.y, block.ended_at, is_broken=block.is_broken, state=self._state.state)
        heard = Heard(recordings=[*self._ended, *recent.hear(block.y, block.ended_at)])
        self._ended = []
        for window in listener.push(block.y, block.ended_at, is_after_gap=is_after_gap):
            state = self._state.update(window.heard.descriptors, window.at)
            if window.is_apart:
                detection = self._decider.decide(
                    window.heard, window.at, level_db=window.level_db, state=state.word, ignored=self.why_ignored()
                )
                heard.decided.append(Decided(detection, window.heard.descriptors))
                heard.windows.append((window, detection.score, state.word))
            else:
                heard.windows.append((window, self._decider.score(window.heard), state.word))
        if self.shadow is not None:
            windows, detections = [one[0] for one in heard.windows], [one.detection for one in heard.decided]
            self.shadow.hear(block, windows, detections)
        if block.on_heard is not None:
            block.on_heard()
        return heard

    def tick(self, wall: float) -> None:
        """Let time pass: a source that gives nothing is noticed."""
        if self._health is not None and self._is_live:
            self._health.tick(self.now(wall))

    def why_ignored(self) -> str:
        """Why sound does not count now; empty if it does."""
        if self._useless is not None:
            return f"sound: {self._useless.detail}"
        health, state = self.health, self._state.state
        if health is not None and not health.is_well and health.cause:
            return f"microphone: {health.cause}"
        return "" if state is None or state.is_judged else f"machine: {state.word}"

    def commission_anew(self) -> None:
        """Learn from now on what the microphone is like, after it, its place or its gain was changed."""
        self._baseline = None
        if self._health is not None:
            self._health.commission_anew()

    def finish(self) -> list[AlarmRecording]:
        """Recordings under way, as far as they go."""
        return self._recent.finish() if self._recent is not None else []

    def to_dict(self) -> dict[str, Any]:
        """What is to be remembered over a restart, as JSON can hold it."""
        baseline = self._health.baseline if self._health is not None else None
        beside = None if self.shadow is None else self.shadow.to_dict()
        content = {"baseline": baseline.to_dict() if baseline is not None else self._baseline, "shadow": beside}
        if self.folder is not None:
            content["folder"] = self.folder.to_dict()
        return content

    def has_news(self, wall: float) -> bool:
        """Whether there is more to remember since this was last asked: a microphone's commissioning, recordings.

        Parameters
        ----------
        wall : float
            Unix time in seconds.
        """
        is_due = self.folder is not None and self.folder.is_due(wall)
        return self._has_learnt() or is_due

    def _has_learnt(self) -> bool:
        """Whether the microphone's commissioning has come to its end since this was last asked."""
        baseline = self._health.baseline if self._health is not None else None
        is_new = baseline is not None and self._baseline is None
        if baseline is not None and is_new:
            self._baseline = baseline.to_dict()
        return is_new

    def _refuse(self, error: AuscultError, block: Block) -> Never:
        """Say of sound that it cannot be judged."""
        since = block.ended_at if self._useless is None else self._useless.since
        refusal = AudioError(f"sources.{block.source}", f"{error.where}: {error.problem}", error.remedy)
        self._useless = Health(CAUSES[UNUSABLE].word, UNUSABLE, since, str(refusal))
        raise refusal from None

    def _at_rate(self, block: Block) -> tuple[Listener, SensorHealth, RecentSound]:
        """Those of this block's sampling rate: a source that was opened again may have another."""
        n_channels = len(block.y)
        listener = self._listener
        if listener is None or (listener.sr, listener.n_channels) != (block.sr, n_channels):
            listener = Listener(
                self._bundle,
                self.machine,
                sr=block.sr,
                n_channels=n_channels,
                step_s=self._settings.decisions.step_s,
                channels=self._source.channels,
            )
            store, baseline = self._settings.store, self._baseline and HealthBaseline.from_dict(self._baseline)
            self._ended += self.finish()
            self._recent = RecentSound(block.sr, before_s=store.before_s, after_s=store.after_s)
            self._health = SensorHealth(block.sr, self._settings.health, baseline, is_live=self._is_live)
            self._listener = listener
        assert self._health is not None
        assert self._recent is not None
        return listener, self._health, self._recent


def watch_key(machine: str) -> str:
    """Key under which the store remembers what a watch has learnt."""
    return f"watch {machine}"
