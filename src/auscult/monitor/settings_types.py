"""Texts and numbers that settings are made of, and what each may look like."""

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidatorFunctionWrapHandler, WrapValidator

HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?")
BARE_ADDRESS = re.compile(r"[\w.-]+:\d+(/.*)?")
"""Of a stream: a host and a port, without what comes before."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _host(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if HOST.fullmatch(text) is None:
            problem = "expected a name or an address alone, as broker.example or 192.0.2.7"
            raise ValueError(f"{problem}: without scheme, port and path (port is a setting of its own)") from None
    return text


def _url(text: str) -> str:
    if BARE_ADDRESS.fullmatch(text):
        raise ValueError(f"http:// or rtsp:// is missing: write it as http://{text}, or as the sender says")
    return text


def _topic(text: str) -> str:
    if "+" in text or "#" in text:
        raise ValueError("a topic may not have + and #: {machine} stands for each machine")
    unknown = [name for name in re.findall(r"{[^{}]*}?|}", text) if name != "{machine}"]
    if unknown:
        raise ValueError(f"there is no {unknown[0]}: {{machine}} stands for each machine, and nothing else does")
    return text


def _channel(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValueError:
        raise ValueError("expected mean, or the number of a channel, from 0") from None


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
"""A name that topics, addresses of pages, files and the environment can have."""
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Host = Annotated[str, Field(min_length=1), AfterValidator(_host)]
"""A computer, by its name or its address."""
Url = Annotated[str, Field(min_length=1), AfterValidator(_url)]
"""Where a stream comes from; a file's path, too."""
Topic = Annotated[str, Field(min_length=1), AfterValidator(_topic)]
"""Of MQTT, in which ``{machine}`` stands for each machine."""
Channel = Annotated[Literal["mean"] | Annotated[int, Field(ge=0)] | None, WrapValidator(_channel)]
"""What is listened to of several channels."""
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
"""From which on the log is written."""
