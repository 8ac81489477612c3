import sys

import pytest

from auscult.errors import DataError, OptionError
from auscult.extras import MissingExtraError
from auscult.monitor.outputs.edge_client import check_environment, make_message, sdk_errors
from auscult.monitor.settings import AzureSettings

EDGE = {"IOTEDGE_WORKLOADURI": "unix:///var/run/iotedge/workload.sock"}


def test_a_module_of_iot_edge_needs_nothing():
    check_environment(AzureSettings(), EDGE)


def test_elsewhere_it_has_to_be_said_what_to_connect_with():
    with pytest.raises(OptionError, match=r"no module of IoT Edge.*azure\.connection_variable"):
        check_environment(AzureSettings(), {})
    with pytest.raises(OptionError, match="MODULE_CONNECTION: is not set in the environment"):
        check_environment(AzureSettings(connection_variable="MODULE_CONNECTION"), EDGE)


def test_certificates_that_are_not_there(tmp_path):
    settings = AzureSettings(connection_variable="C", ca_file=tmp_path / "none.pem")
    with pytest.raises(DataError, match=r"none\.pem: no certificates can be read.*azure\.ca_file"):
        check_environment(settings, {"C": "HostName=h"})


def test_the_sdk_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.iot.device.aio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'auscult\[azure\]'"):
        check_environment(AzureSettings(), EDGE)


def test_messages_are_json_that_routes_can_read():
    message = make_message({"machine": "Lüfter"}, {"kind": "alarm", "machine": ""}, "01J")
    assert message.data == '{"machine": "Lüfter"}'
    assert (message.content_type, message.content_encoding, message.message_id) == ("application/json", "utf-8", "01J")
    assert message.custom_properties == {"kind": "alarm"}


def test_errors_of_the_sdk_are_known():
    assert all(issubclass(error, Exception) for error in sdk_errors())
