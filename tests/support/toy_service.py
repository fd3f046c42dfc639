"""A service that only says that it is ready, and writes what it was told: for tests of the supervisor."""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()


def main() -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    settings = {name: value for name, value in os.environ.items() if name.startswith("WAYBOND_")}
    print(json.dumps(settings), flush=True)  # noqa: T201 - its log is what the test reads
    with http.server.HTTPServer(("127.0.0.1", int(settings["WAYBOND_HTTP_PORT"])), _Health) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
