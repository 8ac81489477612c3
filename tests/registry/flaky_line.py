"""A line to a server that is cut after so many bytes, as often as wanted; it knows nothing of what it carries."""

import select
import socket
import socketserver
import threading


class FlakyLine:
    """Carries bytes between a port of its own and another."""

    def __init__(self, to_port):
        self.cuts = []
        """Bytes of answers after which the next connections are cut; those after them last."""
        self.n_connections = self.n_asked = self.n_answered = 0
        line = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                line.n_connections += 1
                left = line.cuts.pop(0) if line.cuts else 1 << 60
                with socket.create_connection(("127.0.0.1", to_port)) as server:
                    line.carry(self.request, server, left)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # an end that went away

        self._server = Server(("127.0.0.1", 0), Connection)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def carry(self, client, server, left):
        while left > 0:
            for source in select.select([client, server], [], [])[0]:
                block = source.recv(min(left, 4096) if source is server else 4096)
                if not block:
                    return
                if source is client:
                    server.sendall(block)
                    self.n_asked += len(block)
                else:
                    client.sendall(block)
                    self.n_answered += len(block)
                    left -= len(block)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
