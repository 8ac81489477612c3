from auscult.monitor.outputs.outbox import OutputStatus


def test_an_output_begins_without_a_connection():
    status = OutputStatus("mqtt")
    assert not status.is_connected
    assert status.n_delivered == 0
