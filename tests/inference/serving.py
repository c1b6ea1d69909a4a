"""A real HTTP server of the protocol's endpoints on a free port, for tests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from inference.protocol.endpoints import Endpoints
from inference.runtime.onnx import OnnxEngine


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    endpoints: Endpoints
    connections: list[socket.socket]

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.connection)

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.endpoints.handle(self.command, self.path, headers, body)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def serve(engine: OnnxEngine, connections: list[socket.socket] | None = None) -> Iterator[str]:
    """`host:port` while the server runs; `connections` gets each connection opened. At the end all are cut."""
    opened = connections if connections is not None else []
    attributes = {"endpoints": Endpoints(engine), "connections": opened}
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), attributes))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        for connection in opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
