"""A headless Chromium, driven through a pipe by its DevTools protocol. Needs nothing but Python's standard library.

Keys and clicks go in as a person's do: through the browser's own event handling, not through scripts of the page.
"""

import base64
import json
import os
import select
import subprocess
import time

PATIENCE = 60  # seconds, for one answer


class Browser:
    """One page of one Chromium."""

    # What a key is called, and what it types.
    KEYS = {
        "Tab": (9, None),
        "Enter": (13, "\r"),
        "Space": (32, " "),
        "ArrowDown": (40, None),
        "ArrowUp": (38, None),
        "ArrowRight": (39, None),
        "ArrowLeft": (37, None),
    }

    def __init__(self, program, profile):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        flags = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={profile}", "--remote-debugging-pipe", "--hide-scrollbars", "about:blank",
        ]
        # The browser reads commands from its descriptor 3 and answers on 4, each message ended by a zero byte.
        redirected = f'exec 3<&{commands} 4>&{answers}; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", redirected, "bash", program, *flags],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self.number = 0
        self.session = None
        self.unread = b""
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility", "DOM"]:
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)

    def call(self, method, **parameters):
        """What the browser answers. What happens meanwhile goes to `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.message(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def message(self, until):
        while b"\0" not in self.unread:
            if not select.select([self.answers], [], [], max(0, until - time.monotonic()))[0]:
                raise RuntimeError("the browser does not answer")
            read = os.read(self.answers, 1 << 20)
            if not read:
                raise RuntimeError("the browser went away")
            self.unread += read
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def open(self, url):
        """Opens a page; what happened before is forgotten."""
        self.call("Page.navigate", url="about:blank")
        self.events.clear()
        loader = self.call("Page.navigate", url=url)["loaderId"]
        until = time.monotonic() + PATIENCE
        # The load of this page and no other: that of the empty one before it may be told late.
        loaded = {"name": "load", "loaderId": loader}
        while not any(loaded.items() <= event.get("params", {}).items() for event in self.events):
            self.events.append(self.message(until))
        # Two frames later everything is drawn, and what was to be asked for has been.
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def ask(self, script):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def console(self):
        """What was written on the console: by the page, by its scripts' faults, and by its policy."""
        lines = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Log.entryAdded":
                lines.append(parameters["entry"]["text"])
            elif event.get("method") == "Runtime.consoleAPICalled":
                lines.append(str([value.get("value") for value in parameters["args"]]))
            elif event.get("method") == "Runtime.exceptionThrown":
                lines.append(parameters["exceptionDetails"]["text"])
        return lines

    def requests(self):
        """What was asked for beyond the page's own file, what its policy held back apart."""
        asked, held = {}, set()
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                asked[parameters["requestId"]] = parameters["request"]["url"]
            elif event.get("method") == "Network.loadingFailed" and parameters.get("blockedReason") == "csp":
                held.add(parameters["requestId"])
        return [url for name, url in asked.items() if name not in held and not url.startswith(("file:", "data:"))]

    def press(self, key, shift=False):
        code, text = self.KEYS[key]
        name = " " if key == "Space" else key
        pressed = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", **down, **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        self.move(x, y)
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, start, end):
        """From one place to another with the button held."""
        self.move(*start)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], button="left", buttons=1)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1)

    def middle(self, element):
        """Where the middle of an element is, once it has been scrolled to. `element` is an expression."""
        place = self.ask(
            f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        return place

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, **features):
        """Sets media features, such as `prefers-color-scheme`, with underscores for hyphens."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def accessible(self):
        """Role, name, and the element's number of every node that is read aloud."""
        nodes = []
        for node in self.call("Accessibility.getFullAXTree")["nodes"]:
            if not node.get("ignored"):
                role, name = (node.get(key, {}).get("value", "") for key in ["role", "name"])
                nodes.append((role, name.strip(), node.get("backendDOMNodeId")))
        return nodes

    def picture(self, path, whole=False):
        """A screenshot, of what is in view or of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
