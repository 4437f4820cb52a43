"""For office_kills.py: a platform of real processes that can be killed and begun again, and a browser without a window."""

from __future__ import annotations

import http.client
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.installation import PATIENCE, Installation
from tools.with_postgres import free_port

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
NO_ANSWER = (OSError, http.client.HTTPException)


class Platform:
    """`zhikun serve` with its own worker, and beside it a `zhikun worker`, as an office has them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.port = free_port()
        self._log = (installation.folder / "platform.log").open("a", encoding="utf-8")
        self._serve: subprocess.Popen[str] | None = None
        self._worker: subprocess.Popen[str] | None = None

    def ensure(self) -> None:
        """Begins again what was killed, as the machine's service manager does, and waits until the pages answer."""
        ends = time.monotonic() + PATIENCE * 2
        while True:
            if self._worker is None or self._worker.poll() is not None:
                self._worker = self._start("worker")
            if self._serve is None or self._serve.poll() is not None:
                self._serve = self._start("serve", "--port", str(self.port), "--workers", "1", "--threads", "2")
            if self.answers():
                return
            if time.monotonic() > ends:
                raise SystemExit(f"the platform does not come up again, see {self.installation.folder}/platform.log")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the pages answer now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except NO_ANSWER:
            return False
        finally:
            connection.close()

    def kill(self, target: str, holder: str = "") -> bool:
        """SIGKILL for the server with its page processes, one page process, the worker that holds the work, or all of them.

        `holder` is the name of that worker (host:process:mark). Says whether anything was killed.
        """
        serve = self._serve.pid if self._serve is not None and self._serve.poll() is None else 0
        children = _children(serve) if serve else []
        pages = [pid for pid in children if b"worker" not in _command(pid).split(b"\0")]
        workers = [pid for pid in children if pid not in pages]
        beside = [self._worker.pid] if self._worker is not None and self._worker.poll() is None else []
        if target == "worker":
            held = [pid for pid in workers + beside if f":{pid}:" in holder]
            chosen = held or (workers + beside)[:1]
        else:
            chosen = {"page": pages, "server": [serve, *pages], "all": [serve, *children, *beside]}[target]
        killed = 0
        for pid in filter(None, chosen):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        return killed > 0

    def errors(self) -> str:
        """The last lines of the log that tell of an error."""
        lines = (self.installation.folder / "platform.log").read_text(encoding="utf-8").splitlines()
        return "\n".join([line for line in lines if '"level": "error"' in line][-5:])

    def end(self) -> None:
        """Everything ends, in order."""
        for process in (self._serve, self._worker):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self._serve, self._worker):
            if process is not None:
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
        self._log.close()

    def _start(self, *words: str) -> subprocess.Popen[str]:
        one = self.installation
        return subprocess.Popen(
            one.command(words), env=one.environment, cwd=one.folder, stdout=self._log, stderr=self._log, text=True
        )


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, of = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
                if int(of) == parent and state != "Z":
                    found.append(int(entry.name))
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    location: str = ""


@dataclass
class Browser:
    """One officer's browser: keeps cookies, sends the token of the page, and does again what got no answer."""

    platform: Platform
    session: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    again: int = 0

    def get(self, address: str) -> Answer:
        """A page, asked for until it comes."""
        answer = self._until_answered("GET", address, b"", {})
        found = TOKEN.search(answer.text)
        self.token = found.group(1) if found else self.token
        return answer

    def press(
        self, address: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> Answer:
        """A form, sent until there is an answer, as who presses the button again does."""
        body, kind = multipart({"csrfmiddlewaretoken": self.token, **fields}, files or {})
        return self._until_answered("POST", address, body, {"Content-Type": kind})

    def send(self, address: str, text: str) -> Answer:
        """What the page's script sends, until there is an answer."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": self.token}
        return self._until_answered("POST", address, text.encode(), headers)

    def _until_answered(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Answer:
        for _try in range(200):
            try:
                answer = self._once(method, address, body, headers)
            except NO_ANSWER:
                answer = None
            if answer is not None and answer.status < 500:
                return answer
            if answer is not None and answer.status == 500:
                raise SystemExit(f"{method} {address} answered 500\n{self.platform.errors()}")
            self.again += 1
            self.platform.ensure()
        raise SystemExit(f"{method} {address} was never answered")

    def _once(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Answer:
        cookies = {"zhikun_session": self.session, **self.cookies}
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, timeout=30)
        try:
            connection.request(
                method, address, body, headers | {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
            )
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    key, _is, rest = value.partition("=")
                    if key != "zhikun_session":
                        self.cookies[key] = rest.partition(";")[0]
            return Answer(response.status, text, response.getheader("Location") or "")
        finally:
            connection.close()


def multipart(fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """A form's body with its files, and the type to say of it."""
    edge = secrets.token_hex(16)
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    for name, (filename, content) in files.items():
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join([*parts, f"--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"
