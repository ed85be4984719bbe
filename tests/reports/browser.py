"""A real browser for the pages: Chromium without a window, and without a way to the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from tests.programs import needed

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip

_REQUESTS = {
    "Network.requestWillBeSent": lambda sent: sent["request"]["url"],
    "Network.webSocketCreated": lambda sent: sent["url"],
    "Network.webTransportCreated": lambda sent: sent["url"],
}
"""The messages of the browser that tell of a request, and where each has the address."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chromium; where there is none the test is skipped, as `needed` says."""
    program = needed("chromium")
    with sync_playwright() as playwright:
        # Bars for scrolling are shown, as they are to users, since they take room.
        running = playwright.chromium.launch(
            executable_path=program, args=FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        try:
            yield running
        finally:
            running.close()


class Shown:
    """A page in the browser, with what the tests ask of it."""

    tab: Page
    """The page that is open, as Playwright has it: to click, to type, to wait."""

    def __init__(self, browser: Browser, page: Path | str) -> None:
        """page: a file, or an address of this machine."""
        self.address = page if isinstance(page, str) else page.as_uri()
        self._browser = browser
        self._context: BrowserContext | None = None
        self._complaints: list[str] = []
        self._requests: list[str] = []

    def open(
        self,
        *,
        width: int = 1200,
        is_dark: bool = False,
        has_script: bool = True,
        scale: float = 1,
        is_calm: bool = False,
        before: str = "",
    ) -> Shown:
        """Load the page anew, without what the browser kept of it.

        width: of the window, in pixels. scale: pixels of the screen for each pixel of the page.
        is_calm: whoever reads it prefers less motion. before: a script that runs before the page's.
        """
        self.close()
        self._context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            device_scale_factor=scale,
            is_mobile=width < 500,
            has_touch=width < 500,
            color_scheme="dark" if is_dark else "light",
            reduced_motion="reduce" if is_calm else "no-preference",
            java_script_enabled=has_script,
        )
        self.tab = self._context.new_page()
        self._complaints, self._requests = [], []
        self._listen()
        if before:
            self._context.add_init_script(before)
        self.tab.goto(self.address)
        return self

    def _listen(self) -> None:
        """Keep what the browser says of the page."""
        self.tab.on("console", lambda message: self._complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self._complaints.append(str(error)))
        self.tab.on("dialog", self._refuse)
        session = self.tab.context.new_cdp_session(self.tab)
        session.send("Network.enable")
        for name, address in _REQUESTS.items():
            session.on(name, lambda sent, address=address: self._requests.append(address(sent)))

    def _refuse(self, dialog: Dialog) -> None:
        self._complaints.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        """Close the page, if one is open."""
        if self._context is not None:
            self._context.close()
        self._context = None

    def run(self, script: str, *arguments: object) -> Any:
        """What the body of a function returns in the page; its `arguments` are those given."""
        return self.tab.evaluate(
            f"given => (function () {{ {script}\n }}).apply(null, given)", list(arguments)
        )

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a selector names."""
        return [text.strip() for text in self.tab.locator(selector).all_text_contents()]

    def console(self) -> list[str]:
        """What the browser has complained of since the page was opened."""
        self._catch_up()
        return self._complaints

    def requests(self) -> list[str]:
        """The addresses that the page has asked for, itself among them."""
        self._catch_up()
        return self._requests

    def _catch_up(self) -> None:
        """Let the page come to rest, and hear all that the browser said before."""
        self.tab.wait_for_load_state("load")
        self.tab.wait_for_timeout(50)

    def serious(self) -> list[str]:
        """What axe finds that keeps people out, each as `rule: selector`.

        These are its violations of serious or critical impact, of what is shown now.
        """
        violations = Axe().run(self.tab).response["violations"]
        return [
            f"{violation['id']}: {' '.join(map(str, node['target']))}"
            for violation in violations
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def picture(self, path: Path, *, is_whole: bool = True) -> bytes:
        """Write what the page looks like as PNG: all of it, or the part in the window."""
        return self.tab.screenshot(path=path, full_page=is_whole)
