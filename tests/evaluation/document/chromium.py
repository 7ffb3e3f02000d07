"""A headless Chromium, spoken to by the DevTools protocol over two pipes; no package is needed."""

import json
import os
import subprocess
import threading
from contextlib import contextmanager

PATIENCE = 120  # seconds


@contextmanager
def chromium(executable, folder):
    """Gives a started browser that keeps its files in `folder`, and ends it."""
    commands, replies = folder / "commands", folder / "replies"
    for pipe in (commands, replies):
        os.mkfifo(pipe)
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    process = subprocess.Popen(
        # Chromium reads from descriptor 3 and writes to 4.
        ["sh", "-c", 'exec "$@" 3<"$0/commands" 4>"$0/replies"', folder, executable, *options]
        + ["--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}", "about:blank"],
        stderr=subprocess.DEVNULL,
    )
    late = threading.Timer(PATIENCE, process.kill)  # whoever waits for it reads the end of a file
    late.start()
    try:
        with open(commands, "wb", buffering=0) as to, open(replies, "rb") as back:
            yield Browser(to, back)
    finally:
        late.cancel()
        process.kill()
        process.wait()


class Browser:
    """Sends commands and keeps the events that come meanwhile."""

    def __init__(self, to, back):
        self._to, self._back, self._sent, self._unread = to, back, 0, b""
        self._session, self.events = None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    def send(self, method, **parameters):
        """The result of one command."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while (reply := self._receive()).get("id") != self._sent:
            self.events.append(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]

    def open(self, url):
        """Loads a page wholly; `events` then begins with it."""
        self.events.clear()
        loader = self.send("Page.navigate", url=url)["loaderId"]
        while not any(_is_load(event, loader) for event in self.events):
            self.events.append(self._receive())

    def run(self, script):
        """The value of an expression in the page."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def press(self, key, code):
        """One key, down and up."""
        text = "\r" if key == "Enter" else ""
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        self.send("Input.dispatchKeyEvent", type="keyDown", **facts)
        self.send("Input.dispatchKeyEvent", type="keyUp", **facts)

    def _receive(self):
        while b"\0" not in self._unread:
            if not (more := self._back.read1(1 << 20)):
                raise RuntimeError("The browser has ended.")
            self._unread += more
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)


def _is_load(event, loader):
    facts = event.get("params", {})
    return facts.get("name") == "load" and facts.get("loaderId") == loader
