"""A headless Chromium, told what to do over its DevTools protocol."""

import asyncio
import json
import re
import shutil
from contextlib import asynccontextmanager

import aiohttp

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1200,800",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-3d-apis",  # so that the terminal draws its lines as text, which can be read
)  # fmt: skip
_PATIENCE = 300  # tenths of a second


class Page:
    """One tab."""

    def __init__(self, socket):
        self.socket, self.number = socket, 0

    async def call(self, method, **params):
        self.number += 1
        await self.socket.send_json({"id": self.number, "method": method, "params": params})
        while True:
            said = json.loads((await self.socket.receive()).data)
            if said.get("id") == self.number:
                return said["result"]

    async def go(self, address):
        await self.call("Page.navigate", url=address)

    async def text(self):
        found = await self.call("Runtime.evaluate", expression="document.body ? document.body.innerText : ''")
        return found["result"].get("value") or ""

    async def waits_for(self, words, *, gone=None):
        """What the page shows once the words are there, and those that must be gone are gone."""
        for _ in range(_PATIENCE):
            shown = await self.text()
            if words in shown and (gone is None or gone not in shown):
                return shown
            await asyncio.sleep(0.1)
        raise AssertionError(f"{words!r} did not come, or {gone!r} stayed:\n{shown}")

    async def press(self, text):
        for letter in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)


@asynccontextmanager
async def browser(folder):
    """A tab of a browser whose profile lies in the folder."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *_FLAGS, f"--user-data-dir={folder}", "about:blank", stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        where = None
        while where is None:
            where = re.search(rb"ws://(127\.0\.0\.1:\d+)/devtools", await process.stderr.readline())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{where[1].decode()}/json") as answer:
                tab = next(each for each in await answer.json() if each["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.communicate()
