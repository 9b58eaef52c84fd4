"""What the explorer says of a node in Python makes the same pictures."""

import base64
import io
import json
import subprocess
import time
import urllib.parse
import urllib.request

import numpy as np
import PIL.Image
import pytest
from conftest import program

PATIENCE = 300


class Page:
    """The explorer's HTTP interface, as its page uses it."""

    def __init__(self, url):
        self.origin, token = url.split("/#token=")
        self.cookie = ""
        answer = self._ask("enter", {"token": token})
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    def _ask(self, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Origin": self.origin, "Cookie": self.cookie, "Content-Type": kind}
        request = urllib.request.Request(f"{self.origin}/api/v1/{path}", data, headers)
        return urllib.request.urlopen(request, timeout=PATIENCE)

    def post(self, path, body):
        return json.load(self._ask(path, body))

    def upload(self, path):
        return json.load(self._ask(f"pictures?name={path.name}", path.read_bytes(), "application/octet-stream"))

    def done(self, node):
        """The node, once it was searched."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            nodes = json.load(self._ask("session"))["nodes"]
            (own,) = [other for other in nodes if other["id"] == node]
            if own["state"] in ("finished", "stopped", "failed"):
                assert own["state"] == "finished", own["error"]
                return own
            time.sleep(0.1)
        raise TimeoutError(node)


@pytest.fixture
def session(tmp_path):
    """A page, and the folder of its session."""
    if program() is None:
        pytest.skip("the program was not built: the explorer was not asked")
    folder = tmp_path / "session"
    command = [program(), "open", "--no-browser", "--out", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.strip() for line in process.stdout if "#token=" in line)
        yield Page(url), folder
    finally:
        process.terminate()
        process.wait()


def mask():
    """White below, in the frame of the faces."""
    data = io.BytesIO()
    values = np.zeros((64, 64), np.uint8)
    values[40:] = 255
    PIL.Image.fromarray(values).save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


def test_the_python_of_a_node_makes_its_pictures(session, example, monkeypatch):
    page, folder = session
    picture = page.upload(example)["id"]
    asks = [
        ("searches", {"picture": picture, "candidates": 2, "steps": 20, "sigma": 1.5, "spread": True}),
        ("nodes/n1/steer", {"candidate": 2, "like": True, "candidates": 2}),
        ("nodes/n1/steer", {"candidate": 1, "vary": mask(), "candidates": 1, "spread": False}),
        ("nodes/n1/steer", {"toward": {"picture": picture, "mask": mask()}, "candidates": 1, "seed": 9}),
    ]
    for path, ask in asks:
        node = page.done(page.post(path, ask)["id"])
        monkeypatch.chdir(folder)
        names = {}
        exec(compile(node["python"], node["id"], "exec"), names)
        found = names["found"]
        assert len(found) == ask["candidates"]
        for candidate in found:
            theirs = PIL.Image.open(folder / "nodes" / node["id"] / f"candidate-{candidate.number:02}.png")
            assert np.array_equal(candidate.pil, theirs), node["python"]
