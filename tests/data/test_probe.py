import http.server
import socket
import threading
import time

import pytest

from kerasoft.data import probe


@pytest.fixture
def server():
    """A server that answers HEAD by the status in the path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(int(self.path.strip("/")))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def test_server_that_answers(server):
    assert probe.why_unreachable(f"{server}/200") is None


@pytest.mark.parametrize("status", [403, 404, 503])
def test_server_that_refuses(server, status):
    assert probe.why_unreachable(f"{server}/{status}") == f"it answers HTTP {status}"


def test_nothing_listens():
    assert "refused" in probe.why_unreachable("http://127.0.0.1:9")


def test_name_that_does_not_exist():
    assert probe.why_unreachable("http://no-such-host.invalid/")


def test_what_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(30))
    began = time.perf_counter()
    assert probe.why_unreachable("http://x", seconds=0.2) == "no answer within 0.2 seconds"
    assert time.perf_counter() - began < 2


def test_proxies_are_honoured(server, monkeypatch):
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert "refused" in probe.why_unreachable("http://cifar.invalid/")
