"""The SDK's client of an IoT Edge module, made of the settings and the environment; and messages for it."""

import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from auscult import __version__
from auscult.errors import DataError, OptionError
from auscult.extras import require
from auscult.monitor.settings import AzureSettings

EXTRA = "azure"
EDGE_VARIABLES = ("IOTEDGE_WORKLOADURI", "EdgeHubConnectionString")
"""One of them is there in a module: the second where a module is tried out without IoT Edge."""
OPTIONS = {"auto_connect": False, "connection_retry": False, "ensure_desired_properties": False}
"""The connection is made anew by who uses the client: the SDK would wait for one for ever."""


def check_environment(azure: AzureSettings, environ: Mapping[str, str]) -> None:
    """Check that there is all that a client is made of.

    Parameters
    ----------
    azure : AzureSettings
    environ : mapping of str -> str

    Raises
    ------
    MissingExtraError
        If the SDK is not installed.
    OptionError
        If the environment does not say what to connect with.
    DataError
        If the certificates to trust cannot be read.
    """
    require("azure.iot.device.aio", extra=EXTRA)
    variable = azure.connection_variable
    if variable is not None and not environ.get(variable):
        remedy = "Put the module's connection string there, or name another variable: azure.connection_variable."
        raise OptionError(variable, "is not set in the environment", remedy)
    if variable is None and not any(name in environ for name in EDGE_VARIABLES):
        remedy = "Let IoT Edge start it, or say azure.connection_variable: docs/azure.md tells more."
        raise OptionError("azure", "this is no module of IoT Edge", remedy)
    _certificates(azure)


def make_client(azure: AzureSettings) -> Any:
    """Make a client; it is not connected yet.

    Parameters
    ----------
    azure : AzureSettings

    Raises
    ------
    OSError, ValueError
        If IoT Edge does not say what to connect with, or the connection string is none.
    """
    logging.getLogger("azure.iot.device").setLevel(logging.CRITICAL)  # what fails is said once, by who uses it
    kind = require("azure.iot.device.aio", extra=EXTRA).IoTHubModuleClient
    options: dict[str, Any] = {**OPTIONS, "product_info": f"auscult/{__version__}"}
    if azure.connection_variable is None:
        return kind.create_from_edge_environment(**options)
    certificates = _certificates(azure)
    options |= {} if certificates is None else {"server_verification_cert": certificates}
    return kind.create_from_connection_string(os.environ[azure.connection_variable], **options)


def make_message(body: dict[str, Any], properties: dict[str, str], message_id: str | None = None) -> Any:
    """Make a message.

    Parameters
    ----------
    body : dict
        As JSON can hold it.
    properties : dict of str -> str
        By which routes and queries can tell it from others; those that are empty are left out.
    message_id : str, optional
        By which it is known to be the same one if it comes twice.
    """
    message = require("azure.iot.device", extra=EXTRA).Message(
        json.dumps(body, ensure_ascii=False), message_id, content_encoding="utf-8", content_type="application/json"
    )
    message.custom_properties = {name: value for name, value in properties.items() if value}
    return message


def sdk_errors() -> tuple[type[Exception], ...]:
    """Errors with which the SDK says that the hub is away, or refuses something."""
    errors = require("azure.iot.device.exceptions", extra=EXTRA)
    return errors.ClientError, errors.OperationCancelled, errors.OperationTimeout, errors.ServiceError


def _certificates(azure: AzureSettings) -> str | None:
    path = azure.ca_file
    try:
        return None if path is None else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"no certificates can be read from it ({error})"
        raise DataError(str(path), problem, "Give a file of certificates in PEM: azure.ca_file.") from None
