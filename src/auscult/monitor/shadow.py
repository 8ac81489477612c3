"""A second bundle that judges the same sound as the live one, without alarms: to see what it would do before it does.

It never disturbs the live one: whatever is wrong with it is said, and it judges no more.
"""

from collections.abc import Sequence
from typing import Any

from auscult.audio.channels import ChannelPolicy
from auscult.bundle import Bundle
from auscult.detect import AlarmRule
from auscult.errors import AuscultError
from auscult.monitor.decisions.decider import Decider
from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.decisions.listener import Listener, Window
from auscult.monitor.detection import Detection
from auscult.monitor.past.comparison import Comparison, compare
from auscult.monitor.past.would_be_alarms import Occurrence, WouldBeAlarms, reason_of_the_time
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.sources.blocks import Block
from auscult.monitor.store.descriptors import recipe_id

MOST_ALARMS = 1000
"""The latest, that are remembered over a restart."""


class Shadow:
    """Judges one machine beside the live bundle.

    Where both have the same features, windows and channels, it judges the windows that the live one has described; else
    it listens itself. Operating state and microphone are as the live one has them.

    Parameters
    ----------
    bundle : Bundle
        The second one.
    live : Bundle
        The one that raises alarms.
    machine : str
        Full name.
    settings : AlarmSettings
    channels : "mean", int or None
        What is listened to; None: as each bundle was trained.
    known : KnownSounds, optional
        What people said of earlier alarms, as the second bundle can use it.
    remembered : dict, optional
        What `to_dict` gave before a restart; it is forgotten if it is of another bundle.

    Attributes
    ----------
    problem : str
        Why it does not judge; empty if it does.
    since : float or None
        End of the first window that it judged, Unix time in seconds.
    n_detections, n_anomalous : int
        Windows that it judged, and how many of them were anomalous.
    """

    def __init__(
        self,
        bundle: Bundle,
        live: Bundle,
        machine: str,
        settings: AlarmSettings,
        *,
        channels: ChannelPolicy | None = None,
        known: KnownSounds | None = None,
        remembered: dict[str, Any] | None = None,
    ) -> None:
        self.problem = ""
        self.machine = machine
        self.since: float | None = None
        self._until = 0.0
        self.n_detections = self.n_anomalous = 0
        self._bundle, self._channels = bundle, channels
        self._listener: Listener | None = None
        self._last: Detection | None = None
        """The live one's last detection: it says the operating state."""
        self._of_live, self._own = WouldBeAlarms(machine, settings), WouldBeAlarms(machine, settings)
        self._earlier_of_live: list[Occurrence] = []
        self._earlier: list[Occurrence] = []
        """Alarms before a restart."""
        if bundle.detector is None or machine not in bundle.detector.machines:
            self.problem = f"{machine} is not in the shadow bundle: enrol it (auscult enroll), or remove shadow"
            return
        self._decider = Decider(bundle, machine, known)
        self._judges = [_judgement(one, machine) for one in (live, bundle)]
        self._is_same_sound = _hear_alike(bundle, live, machine, channels)
        if remembered and remembered["judges"] == self._judges:
            self._remember(remembered)

    def know(self, known: KnownSounds) -> None:
        """Take what people said of earlier alarms anew."""
        if not self.problem:
            self._decider.known = known

    def hear(self, block: Block, windows: Sequence[Window], live: Sequence[Detection]) -> list[Detection]:
        """Judge what the live bundle has just judged.

        Parameters
        ----------
        block : Block
            Sound.
        windows : sequence of Window
            That it completed, as the live one described them.
        live : sequence of Detection
            What the live one decided on those of them that are apart.

        Returns
        -------
        list of Detection
            What the second one would have decided.
        """
        if self.problem:
            return []
        for detection in live:
            self._of_live.take(detection)
        try:
            decided = self._decide_beside(windows, live) if self._is_same_sound else self._listen(block, live)
        except AuscultError as error:
            self.problem = str(error)
            return []
        for detection in decided:
            self._own.take(detection)
            self.since = detection.at if self.since is None else self.since
            self._until = detection.at
        self.n_detections += len(decided)
        self.n_anomalous += sum(detection.is_anomalous for detection in decided)
        return decided

    def comparison(self, confirmed: Sequence[Occurrence] = ()) -> Comparison:
        """What the second bundle would have changed so far.

        Parameters
        ----------
        confirmed : sequence of Occurrence
            Alarms of which people said that they were faults.
        """
        since = self.since
        faults = [one for one in confirmed if since is not None and one.raised_at >= since]
        return compare(self._alarms_of_live(), self._alarms(), faults)

    def to_dict(self) -> dict[str, Any]:
        """What is to be remembered over a restart, as JSON can hold it; empty if there is nothing."""
        if self.since is None:
            return {}
        return {
            "judges": self._judges,
            "since": self.since,
            "until": self._until,
            "n_detections": self.n_detections,
            "n_anomalous": self.n_anomalous,
            "live": [one.to_dict() for one in self._alarms_of_live()[-MOST_ALARMS:]],
            "shadow": [one.to_dict() for one in self._alarms()[-MOST_ALARMS:]],
        }

    def _remember(self, content: dict[str, Any]) -> None:
        """Go on from what `to_dict` gave; what was raised then ended there."""
        self.since, self._until = content["since"], content["until"]
        self.n_detections, self.n_anomalous = content["n_detections"], content["n_anomalous"]
        for name, earlier in (("live", self._earlier_of_live), ("shadow", self._earlier)):
            earlier += [
                Occurrence(**one | {"cleared_at": content["until"] if one["cleared_at"] is None else one["cleared_at"]})
                for one in content[name]
            ]

    def _alarms_of_live(self) -> list[Occurrence]:
        return [*self._earlier_of_live, *self._of_live.occurrences]

    def _alarms(self) -> list[Occurrence]:
        return [*self._earlier, *self._own.occurrences]

    def _decide_beside(self, windows: Sequence[Window], live: Sequence[Detection]) -> list[Detection]:
        """Decide on the live one's windows."""
        apart = [window for window in windows if window.is_apart]
        return [self._decide(window, detection) for window, detection in zip(apart, live, strict=True)]

    def _listen(self, block: Block, live: Sequence[Detection]) -> list[Detection]:
        """Decide on windows of its own, in the state that the live one said last."""
        listener = self._listener
        if listener is None or (listener.sr, listener.n_channels) != (block.sr, len(block.y)):
            self._listener = listener = Listener(
                self._bundle,
                self.machine,
                sr=block.sr,
                n_channels=len(block.y),
                step_s=_rule(self._bundle, self.machine).interval_s,  # no window but those that are decided on
                channels=self._channels,
            )
        self._last = live[-1] if live else self._last
        windows = listener.push(block.y, block.ended_at, is_after_gap=block.is_after_gap)
        return [self._decide(window, self._last) for window in windows if window.is_apart and self._last is not None]

    def _decide(self, window: Window, live: Detection) -> Detection:
        self._last = live
        ignored = reason_of_the_time(live)
        return self._decider.decide(
            window.heard, window.at, level_db=window.level_db, state=live.state, ignored=ignored
        )


def _hear_alike(bundle: Bundle, live: Bundle, machine: str, channels: ChannelPolicy | None) -> bool:
    """Whether two bundles judge the same numbers: of the same features, windows and channels."""
    features = [recipe_id(one.manifest.features) for one in (bundle, live)]
    policies = [one.manifest.channels if channels is None else channels for one in (bundle, live)]
    windows_s = [_rule(one, machine).interval_s for one in (bundle, live)]
    return features[0] == features[1] and policies[0] == policies[1] and windows_s[0] == windows_s[1]


def _judgement(bundle: Bundle, machine: str) -> list[float]:
    """Numbers by which it is noticed that another bundle judges."""
    assert bundle.detector is not None
    return [bundle.detector.machines[machine].calibration.threshold, _rule(bundle, machine).threshold]


def _rule(bundle: Bundle, machine: str) -> AlarmRule:
    assert bundle.detector is not None
    return bundle.detector.machines[machine].rule
