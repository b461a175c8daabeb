"""Drives Chromium over its DevTools protocol, through a pipe: nothing listens, and nothing is installed."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# How long one answer may take, in seconds.
ANSWER = 60
# Runs before every page: what a page must not do is written down.
WATCH = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) =>
        violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
    window.ran = [];
    window.planted = (name) => ran.push(name);
    for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = () => ran.push(name);
"""


class Chromium:
    """One Chromium without a window."""

    def __init__(self):
        program = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
        if not program:
            raise SystemExit("Chromium is missing; on Debian: apt-get install chromium")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, to_chromium = os.pipe()
        from_chromium, answers = os.pipe()

        def at_three_and_four():
            # Duplicated first: one of them may be the number that the other one needs.
            ends = [os.dup(commands), os.dup(answers)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-component-update"]
        command += ["--remote-debugging-pipe", "--no-first-run", f"--user-data-dir={self.profile.name}", "about:blank"]
        self.process = subprocess.Popen(
            command, preexec_fn=at_three_and_four, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(commands)
        os.close(answers)
        self.to, self.answers, self.unread = to_chromium, from_chromium, b""
        self.number, self.session, self.events = 0, None, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.profile.cleanup()

    def send(self, method, **parameters):
        """Sends a command and gives back its answer; what happens meanwhile goes to `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        while True:
            answer = self.receive()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def receive(self):
        """The next message."""
        end = time.monotonic() + ANSWER
        while b"\0" not in self.unread:
            if not select.select([self.answers], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError(f"Chromium said nothing for {ANSWER} seconds")
            data = os.read(self.answers, 1 << 20)
            if not data:
                raise RuntimeError("Chromium ended")
            self.unread += data
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def page(self, address, scheme="light", width=1280, height=900, media="", scripts=True):
        """Opens an address in a new tab, and waits until it is loaded."""
        self.session = None
        target = self.send("Target.createTarget", url="about:blank", newWindow=False)["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.send(f"{domain}.enable")
        self.send("Page.bringToFront")
        self.send("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width, height)
        self.emulate(scheme, media)
        self.events = []
        started = time.monotonic()
        self.send("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())
        return time.monotonic() - started

    def close(self):
        """Closes the tab."""
        self.send("Page.close")

    def resize(self, width, height):
        """Sets the size of the window."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def emulate(self, scheme, media=""):
        """Sets the colours that the system has, and the medium."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script):
        """What a script in the page comes to; promises are waited for."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, script, what):
        """Waits until a script comes to something true."""
        end = time.monotonic() + 10
        while not self.run(script):
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within 10 seconds")
            time.sleep(0.02)

    def press(self, key, modifiers=0):
        """Presses and releases a key: Tab, Enter, a letter."""
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "Escape": 27}
        event = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0), "modifiers": modifiers}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, script):
        """Clicks with the mouse on the element that a script comes to."""
        at = self.run(
            f"(() => {{ const found = {script}; found.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            " const box = found.getBoundingClientRect();"
            " return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()"
        )
        for kind in ["mousePressed", "mouseReleased"]:
            self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    def picture(self, path):
        """Takes a picture of what the window shows."""
        data = self.send("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def complaints(self):
        """What went wrong in the page since it was opened: errors, violations of its policy, requests beside its own."""
        found = [f"violation of the policy: {text}" for text in self.run("window.violations ?? []")]
        requests = 0
        for event in self.events:
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                found.append(f"exception: {details.get('exception', {}).get('description') or details['text']}")
            elif method == "Runtime.consoleAPICalled":
                found.append(f"console: {said['type']}")
            elif method == "Log.entryAdded":
                found.append(f"log: {said['entry']['text']}")
            elif method == "Network.requestWillBeSent" and not said["request"]["url"].startswith("data:"):
                requests += 1
                if requests > 1:
                    found.append(f"request: {said['request']['url']}")
        return found
