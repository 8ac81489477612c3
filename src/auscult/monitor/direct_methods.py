"""What the cloud can call in a monitor: acknowledge an alarm, take the previous bundle back, ask whether it runs."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auscult import __version__
from auscult.errors import AuscultError, OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.alarms.inputs import Changed
from auscult.monitor.event import iso
from auscult.monitor.live_bundle import rollback
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.settings_words import sentence
from auscult.monitor.store.queries import StoreReader

log = logging.getLogger("auscult.monitor")
OK, BAD_PAYLOAD, NO_SUCH_METHOD, NOT_NOW = 200, 400, 404, 409


class _Nothing(BaseModel):
    """Payload of a method that needs none."""

    model_config = ConfigDict(extra="forbid")


class _Acknowledgement(BaseModel):
    """Whose alarm is acknowledged, by whom, and why."""

    model_config = ConfigDict(extra="forbid")

    machine: str | None = None
    alarm: str | None = None
    who: str = Field(min_length=1, max_length=100)
    why: str = Field("", max_length=1000)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.machine is None) == (self.alarm is None):
            raise ValueError("say either machine, its full name, or alarm, its id")
        return self


class DirectMethods:
    """Answers calls; safe to use from any thread.

    Parameters
    ----------
    settings : MonitorSettings
        In force.
    store : StoreReader
    act : callable (machine, change, **values) -> list of AlarmChange
        `Monitor.act`.
    """

    def __init__(self, settings: MonitorSettings, store: StoreReader, act: Callable[..., list[AlarmChange]]) -> None:
        self._settings, self._store, self._act = settings, store, act
        self._machines = [source.machine for source in settings.sources.values()]

    def call(self, name: str, payload: Any) -> tuple[int, dict[str, Any]]:
        """Call a method.

        Parameters
        ----------
        name : {"acknowledge", "rollback", "ping"}
        payload : dict or None
            As JSON gave it.

        Returns
        -------
        int
            200; 400 if the payload is wrong, 404 if there is no such method, 409 if it cannot be done now.
        dict
            What came of it; or `problem`: what is wrong, and what to do.
        """
        methods = {"acknowledge": self._acknowledge, "rollback": self._rollback, "ping": self._ping}
        if name not in methods:
            return NO_SUCH_METHOD, {"problem": f"{name[:100]}: there is no such method. Call {', '.join(methods)}."}
        payload = {} if payload in (None, "") else payload
        if not isinstance(payload, dict):
            return BAD_PAYLOAD, {"problem": f"{name}: the payload has to be a JSON object. docs/azure.md has examples."}
        try:
            return OK, methods[name](payload)
        except ValidationError as error:
            return BAD_PAYLOAD, {"problem": f"{name}: {_problems(error)}. docs/azure.md has examples."}
        except _PayloadError as error:
            return BAD_PAYLOAD, {"problem": str(error)}
        except AuscultError as error:
            return NOT_NOW, {"problem": str(error)}

    def _acknowledge(self, payload: dict[str, Any]) -> dict[str, Any]:
        said = _Acknowledgement.model_validate(payload)
        machine = self._machine_of(said)
        change: Callable[..., Changed] = partial(alarm_inputs.acknowledge, who=said.who, why=said.why)
        if said.alarm is not None:
            change = alarm_inputs.only_of(said.alarm, change)
        last = self._act(machine, change)[-1]
        return {"machine": machine, "alarm": last.alarm_id, "state": last.state}

    def _rollback(self, payload: dict[str, Any]) -> dict[str, Any]:
        _Nothing.model_validate(payload)
        rollback(self._settings.bundle, self._machines)
        log.info("%s: the bundle before is live again, as the cloud asked", self._settings.bundle)
        return {"bundle": self._settings.bundle.name, "said": "the one before is live again within seconds"}

    def _ping(self, payload: dict[str, Any]) -> dict[str, Any]:
        _Nothing.model_validate(payload)
        return {"site": self._settings.site, "version": __version__, "at": iso(time.time())}

    def _machine_of(self, said: _Acknowledgement) -> str:
        if said.alarm is not None:
            stored = self._store.alarm(said.alarm)
            if stored is None:
                remedy = "Events of kind alarm have it as alarm_id."
                raise _PayloadError(said.alarm[:30], "there is no such alarm", remedy)
            return stored.machine
        machine = str(said.machine)
        if machine not in self._machines:
            remedy = f"Name one of {', '.join(self._machines)}."
            raise _PayloadError(machine[:100], "is not listened to", remedy)
        return machine


class _PayloadError(OptionError):
    """A payload names what there is not."""


def _problems(error: ValidationError) -> str:
    """Every problem of a payload."""
    said = []
    for one in error.errors(include_url=False, include_context=False):
        place = ".".join(map(str, one["loc"]))
        said.append(f"{place}: {sentence(one['type'], one['msg'])}" if place else sentence(one["type"], one["msg"]))
    return "; ".join(said)
