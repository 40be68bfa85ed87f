import json
import threading
import time

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from textkit.explore.language_model_page import LanguageModelPage
from textkit.explore.server import application, listening_socket
from textkit.explore.things import Thing
from textkit.explore.vectors_page import VectorsPage


@pytest.fixture(scope="module")
def served(serve, ready, royals, random_model):
    things = [
        ready("royals", "vectors", VectorsPage(royals)),
        ready("random", "language-model", LanguageModelPage(random_model())),
        Thing("broken", "vectors", lambda thing: 1 / 0),
        ready("royals again", "vectors", VectorsPage(royals)),
    ]
    with serve(things) as running:
        yield running


def test_the_page_and_its_files(served):
    for path, kind in (("/", "text/html"), ("/static/app.js", "text/javascript"), ("/static/style.css", "text/css")):
        status, headers, body = served.request("GET", path)
        assert (status, headers["content-type"].split(";")[0]) == (200, kind)
        assert body
    assert served.request("GET", "/static/../server.py")[0] == 404
    assert served.request("GET", "/static/..%2fserver.py")[0] == 404


def test_answers(served):
    assert [thing["name"] for thing in json.loads(served.request("GET", "/api/things")[2])][:2] == ["royals", "random"]
    status, found = served.call(0, "neighbors", word="king", k=1)
    assert (status, found["neighbors"][0][0]) == (200, "man")
    assert served.call(0, "differences", other=3)[1]["compared"] == 5


@pytest.mark.parametrize(
    ("number", "action", "arguments", "message"),
    [
        (0, "neighbors", {"word": "kingg"}, "did you mean 'king'"),
        (0, "neighbors", {}, "missing 1 required positional argument"),
        (0, "neighbors", {"word": "king", "other": 1}, "unexpected keyword"),
        (0, "__init__", {"vectors": 1}, "action must be one of about, map"),
        (0, "differences", {"other": 1}, "both must be word vectors"),
        (0, "differences", {"other": "0"}, "number must be that of one of 4 things, got '0'"),
        (0, "write", {"prompt": "a"}, "only a language model writes"),
        (1, "write", {"temperature": -1}, "temperature must be"),
        (9, "about", {}, "number must be that of one of 4 things"),
    ],
)
def test_bad_requests(served, number, action, arguments, message):
    status, found = served.call(number, action, **arguments)
    assert status == 400
    assert message in found["error"]


@pytest.mark.parametrize("body", ["{", "[1]", "\xff"])
def test_bodies_that_are_no_arguments(served, body):
    assert served.request("POST", "/api/things/0/neighbors", body.encode("latin-1"))[0] == 400


def test_too_large_a_body(served):
    status, _, body = served.request("POST", "/api/things/0/neighbors", b" " * (33 << 20))
    assert status == 413
    assert b"at most 32 MiB" in body


def test_a_thing_that_cannot_be_loaded(served):
    end = time.monotonic() + 30
    while (answer := served.call(2, "about"))[0] == 202:
        assert time.monotonic() < end
    assert answer[0] == 500
    assert "division by zero" in answer[1]["error"]


def test_a_thing_that_is_loading(serve, royals):
    go_on = threading.Event()

    def opener(thing):
        thing.message = "reading"
        go_on.wait(30)
        return VectorsPage(royals)

    thing = Thing("slow", "vectors", opener)
    with serve([thing]) as running:
        assert running.request("GET", "/")[0] == 200  # the page does not wait
        assert running.call(0, "about")[0] == 202
        assert running.call(0, "about")[1]["state"] == "loading"
        go_on.set()
        assert thing.wait(30)
        assert running.call(0, "about")[1]["count"] == 5


def test_writing_is_streamed(served):
    status, headers, body = served.request("POST", "/api/things/1/write", json.dumps({"prompt": "a", "length": 5}))
    assert (status, headers["content-type"].split(";")[0]) == (200, "application/x-ndjson")
    assert len(body.splitlines()) == 6


def test_a_closed_connection_ends_the_text(serve, ready, random_model):
    """As when a tab is closed while a text is being written."""
    written = []

    class Endless(LanguageModelPage):
        def write(self, **settings):
            while True:
                written.append(1)
                time.sleep(0.002)
                yield {"text": "a" * 1000, "choices": []}

    thing = ready("endless", "language-model", Endless(random_model()))
    with serve([thing]) as running:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        connection.request("POST", "/api/things/0/write", "{}")
        answer = connection.getresponse()
        assert answer.read(2000)
        assert thing.busy == 1
        answer.close()
        connection.close()
        end = time.monotonic() + 30
        while thing.busy:
            assert time.monotonic() < end
            time.sleep(0.01)
        count = len(written)
        time.sleep(0.1)
        assert len(written) == count


def test_other_hosts_and_sites_are_refused(served):
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{served.port}"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://127.0.0.1:{served.port}"},
    ):
        for method, path in (("GET", "/"), ("GET", "/api/things"), ("POST", "/api/things/0/about")):
            assert served.request(method, path, **headers)[0] == 403, headers
    for host in ("127.0.0.1", "localhost"):
        own = f"{host}:{served.port}"
        assert served.request("POST", "/api/things/0/about", "{}", Host=own, Origin=f"http://{own}")[0] == 200


def test_what_browsers_are_told(served):
    for path in ("/", "/api/things", "/static/app.js", "/nothing"):
        headers = served.request("GET", path)[1]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_other_addresses_ask_for_the_token(serve, ready, royals):
    with serve([ready("royals", "vectors", VectorsPage(royals))], host="0.0.0.0", token="secret") as running:
        assert running.request("GET", "/")[0] == 401
        assert running.request("GET", "/?token=wrong", Host="my.example")[0] == 401
        assert running.request("GET", "/static/app.js")[0] == 401
        status, headers, _ = running.request("GET", "/?token=secret", Host="my.example")
        assert (status, headers["location"]) == (303, "/")
        assert "HttpOnly" in headers["set-cookie"]
        assert "samesite=strict" in headers["set-cookie"].lower()
        cookie = headers["set-cookie"].split(";")[0]
        assert running.request("GET", "/api/things", Host="my.example", Cookie=cookie)[0] == 200
        assert running.request("GET", "/", Cookie=cookie, Origin="http://evil.example")[0] == 403
        assert running.request("GET", "/", Cookie=cookie.replace("secret", "x"))[0] == 401


def test_a_token_is_required_for_other_addresses():
    app = application([], port=1, host="0.0.0.0")
    with pytest.raises(ValueError, match="token must be given"):
        app.build_middleware_stack()


def test_the_next_port_is_taken():
    first, port = listening_socket("127.0.0.1", 28765)
    second, next_port = listening_socket("127.0.0.1", port)
    assert next_port > port
    for listener in (first, second):
        listener.close()
    with pytest.raises(OSError, match="--host and --port must be an address of this machine"):
        listening_socket("192.0.2.1", 28765)
