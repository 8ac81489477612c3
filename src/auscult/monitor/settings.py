"""All that a monitor can be told: one typed model, from which come messages, JSON Schema and the reference page.

`auscult.monitor.settings_file` reads it from YAML and the environment.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from auscult.monitor.settings_types import Channel, Host, Level, Name, Seconds, Topic, Url

Place = tuple[str | int, ...]
"""Where a setting stands: the names that lead to it."""


class _Section(BaseModel):
    """A part of the settings: what it does not know is refused, so that no misspelt line is silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Section):
    machine: str = Field(min_length=1, description="Machine of the bundle that is listened to, as fan/id_00.")
    channels: Channel = Field(
        None, description="Channel that is listened to, from 0, or the mean of all; none: as the bundle was trained."
    )


class MicrophoneSource(_Source):
    """A sound device of this computer."""

    kind: Literal["microphone"]
    device: str | None = Field(None, description="Its name, a part of it, or its number; none: the default device.")
    sr: int = Field(16000, gt=0, description="Sampling rate in Hz.")
    n_channels: int = Field(1, gt=0, description="Channels to record.")


class StreamSource(_Source):
    """Sound from the network or a file: RTSP, HTTP and whatever else FFmpeg opens."""

    kind: Literal["stream"]
    url: Url = Field(description="Address, as rtsp://camera/audio, or a file's path.")
    timeout_s: float = Field(10.0, gt=0, description="Longest silence of the network, then it is opened again.")


class FolderSource(_Source):
    """A folder in which something else puts recordings: each is heard once, also if it came while nothing listened."""

    kind: Literal["folder"]
    path: Path = Field(description="The folder; folders in it are looked through, too.")
    every_s: float = Field(1.0, gt=0, description="How often to look.")
    is_old_heard: bool = Field(False, description="Whether those that are there at the first start are heard, too.")


class _RawSource(_Source):
    sr: int = Field(16000, gt=0, description="Sampling rate in Hz.")
    n_channels: int = Field(1, gt=0, description="Channels, interleaved.")
    sample_format: Literal["s16le", "s24le", "s32le", "f32le"] = Field("s16le", description="What a sample looks like.")


class SocketSource(_RawSource):
    """Raw PCM that a sender connects with, over TCP."""

    kind: Literal["socket"]
    host: Host = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of this computer's.")
    port: int = Field(ge=0, le=65535, description="Port to listen on.")
    timeout_s: float = Field(10.0, gt=0, description="Longest silence of the sender, then it is waited for anew.")


class StdinSource(_RawSource):
    """Raw PCM on the standard input."""

    kind: Literal["stdin"]


class ReplaySource(_Source):
    """Recordings that are played as if they were heard now: a file, or all of a folder in the order of their names."""

    kind: Literal["replay"]
    path: Path = Field(description="Recording, or folder of recordings.")
    speed: float = Field(1.0, gt=0, description="Times as fast as it was recorded.")
    is_repeated: bool = Field(False, description="Whether to begin again at the end.")


Source = Annotated[
    MicrophoneSource | StreamSource | FolderSource | SocketSource | StdinSource | ReplaySource,
    Field(discriminator="kind"),
]


class DecisionSettings(_Section):
    """How often to look at the sound, and which looks count."""

    step_s: float = Field(2.0, gt=0, description="How often the score is computed for the page, in seconds.")
    backlog_s: float = Field(30.0, gt=0, description="Sound that may wait to be judged; older is dropped, and counted.")


class StateSettings(_Section):
    """Which states of operation are judged: no machine alarms in a state that was never learnt."""

    is_gated: bool = Field(True, description="Whether sound in states that were not learnt is left unjudged.")
    start_up_s: Seconds = Field(10.0, description="Time after a start in which the machine is not judged.")
    topic: Topic | None = Field(
        None, description="MQTT topic that says the state, {machine} in it stands for the machine; none: from sound."
    )
    running: tuple[str, ...] = Field(("running", "on", "1", "true"), description="What the topic says when it runs.")


class AlarmSettings(_Section):
    """The life of an alarm, in the terms of ISA-18.2."""

    on_delay_s: Seconds = Field(0.0, description="How long the cause has to last before the alarm is raised.")
    off_delay_s: Seconds = Field(60.0, description="How long the cause has to be gone before the alarm clears.")
    clear_below: float = Field(
        0.0, ge=0, lt=1, description="Share of the alarm's evidence that it has to fall to, to be gone (hysteresis)."
    )
    is_latched: bool = Field(False, description="Whether an alarm stays after its cause until somebody resets it.")
    longest_shelf_s: float = Field(8 * 3600.0, gt=0, description="Longest time an alarm may be shelved for.")
    chatter_count: int = Field(3, gt=1, description="Alarms of a machine within the time below that are chatter.")
    chatter_within_s: float = Field(600.0, gt=0, description="Time in which they are.")
    flood_count: int = Field(10, gt=1, description="Alarms of all machines in ten minutes that are a flood.")


class HealthSettings(_Section):
    """What a microphone is blamed for, instead of the machine."""

    after_s: float = Field(5.0, gt=0, description="How long a fault of the microphone has to last to be said.")
    gain_change_db: float = Field(9.0, gt=0, description="Change of the whole level that is not the machine's.")
    mains_hz: float = Field(50.0, ge=16, le=400, description="Mains frequency, of which a loose cable hums.")


class StoreSettings(_Section):
    """What is kept, where, and how long."""

    path: Path = Field(Path("events"), description="Folder for the database and the recordings of alarms.")
    before_s: Seconds = Field(10.0, description="Sound kept from before an alarm.")
    after_s: Seconds = Field(10.0, description="Sound kept from after it.")
    keep_days: float = Field(90.0, gt=0, description="Age at which what is normal is forgotten.")
    keep_mb: float = Field(2000.0, gt=0, description="Disk it may use; the oldest normal goes first, alarms stay.")


class MqttSettings(_Section):
    """A broker that is told everything."""

    host: Host = Field(description="Its name or address.")
    port: int = Field(1883, gt=0, le=65535, description="Its port; 8883 is usual with TLS.")
    username: str | None = Field(None, description="Account.")
    password: SecretStr | None = Field(None, description="Its password; better in AUSCULT__MQTT__PASSWORD.")
    is_tls: bool = Field(False, description="Whether to speak TLS.")
    ca_file: Path | None = Field(None, description="Certificates to trust; none: those of the system.")
    prefix: str = Field("auscult", min_length=1, pattern=r"^[^+#]+$", description="First level of all topics.")
    discovery_prefix: str | None = Field("homeassistant", description="Topic of Home Assistant; null: none.")
    client_id: str | None = Field(None, description="Name at the broker; none: from the site and this computer's name.")


class AzureSettings(_Section):
    """Azure IoT: messages, a module twin and direct methods of an IoT Edge module."""

    connection_variable: str | None = Field(
        None, description="Environment variable with the module's connection string; none: as IoT Edge says."
    )
    ca_file: Path | None = Field(
        None, description="Certificates to trust with a connection string; none: those of the system."
    )
    changes_every_s: float = Field(
        60.0, gt=0, description="Least time between two messages about a machine's state, and about its microphone."
    )
    scores_every_s: float = Field(900.0, gt=0, description="Least time between two messages about a machine's score.")


class WebhookSettings(_Section):
    """An address to which every event is posted, of alarms and of whatever else happens."""

    url: str = Field(pattern=r"^https?://", description="Where to post.")
    secret: SecretStr | None = Field(None, description="Key of the signature in the header X-Auscult-Signature.")
    timeout_s: float = Field(10.0, gt=0, description="Longest wait for an answer.")


class HttpSettings(_Section):
    """The page and the metrics."""

    host: Host = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of this computer's.")
    port: int = Field(5000, ge=0, le=65535, description="Port; 0 takes any free one.")
    token: SecretStr | None = Field(None, description="What has to be entered to change anything; none: read-only.")


class LogSettings(_Section):
    """What is written to the standard error."""

    level: Level = Field("info", description="From which level on.")
    is_json: bool = Field(False, description="Whether as JSON, one object a line.")


class MonitorSettings(_Section):
    """Everything about a monitor."""

    site: Name = Field("site", description="Name of the place, the second level of topics.")
    bundle: Path = Field(description="The bundle that judges (.auscult).")
    shadow: Path | None = Field(None, description="Another bundle that judges beside it, without alarms.")
    sources: dict[Name, Source] = Field(min_length=1, description="What is listened to, by name.")
    decisions: DecisionSettings = DecisionSettings()
    states: StateSettings = StateSettings()
    alarms: AlarmSettings = AlarmSettings()
    health: HealthSettings = HealthSettings()
    store: StoreSettings = StoreSettings()
    mqtt: MqttSettings | None = Field(None, description="None: no broker is told.")
    azure: AzureSettings | None = Field(None, description="None: Azure is not told.")
    webhooks: dict[Name, WebhookSettings] = Field({}, description="By name.")
    http: HttpSettings | None = Field(HttpSettings(), description="null: no page.")
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        found = [*_listened_twice(self), *_taken_twice(self), *_no_such_channel(self)]
        if self.states.topic is not None and self.mqtt is None:
            found.append((("states", "topic"), "needs a broker: add a section mqtt, or remove the topic"))
        if found:
            said = "; ".join(f"{'.'.join(map(str, place))}: {problem}" for place, problem in found)
            raise PydanticCustomError(CONTRADICTIONS, "{said}", {"said": said, "found": found})
        return self


CONTRADICTIONS = "contradictions"
"""Kind of pydantic's error whose context has, as ``found``, places and what is wrong at each."""


def _listened_twice(settings: MonitorSettings) -> list[tuple[Place, str]]:
    """A second microphone hears another sound: it has to be enrolled as a machine of its own."""
    listened: dict[str, str] = {}
    found: list[tuple[Place, str]] = []
    for name, source in settings.sources.items():
        other = listened.setdefault(machine_slug(source.machine), name)
        if other != name:
            problem = f"'{name}' and '{other}' listen to the same machine, {source.machine}"
            remedy = "enrol what a second microphone hears as a machine of its own (auscult enroll)"
            found.append((("sources", name, "machine"), f"{problem}: {remedy}"))
    return found


def _taken_twice(settings: MonitorSettings) -> list[tuple[Place, str]]:
    """What only one can have: the standard input, and a port."""
    readers = [name for name, source in settings.sources.items() if source.kind == "stdin"]
    problem = f"there is one standard input, and {' and '.join(readers)} read it: keep one of them"
    found: list[tuple[Place, str]] = [(("sources", name, "kind"), problem) for name in readers[1:]]
    http = settings.http
    taken = [] if http is None or not http.port else [("http", http.host, http.port)]
    for name, source in settings.sources.items():
        if source.kind != "socket" or not source.port:  # 0 takes any that is free
            continue
        other = next((other for other, host, port in taken if _is_same_port(source, host, port)), None)
        if other is not None:
            problem = f"{other} listens on port {source.port}, too: choose another for one of them"
            found.append((("sources", name, "port"), problem))
        taken.append((name, source.host, source.port))
    return found


def _is_same_port(source: SocketSource, host: str, port: int) -> bool:
    return source.port == port and (source.host == host or bool({"0.0.0.0", "::"} & {source.host, host}))


def _no_such_channel(settings: MonitorSettings) -> list[tuple[Place, str]]:
    found: list[tuple[Place, str]] = []
    for name, source in settings.sources.items():
        if source.kind not in ("microphone", "socket", "stdin") or not isinstance(source.channels, int):
            continue
        if source.channels >= source.n_channels:
            problem = f"there is no channel {source.channels}: they are counted from 0, and n_channels is "
            found.append((("sources", name, "channels"), problem + str(source.n_channels)))
    return found


def machine_slug(machine: str) -> str:
    """Name of a machine as one level of a topic or an address: ``fan/id_00`` is ``fan-id_00``."""
    return "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in machine)
