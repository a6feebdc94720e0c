"""A person in front of a page: Chromium, driven by selenium, if it is installed."""

import json
import os
import shutil
import time

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    "--force-prefers-reduced-motion", "--window-size=1280,900",
)  # fmt: skip
PATIENCE_SECONDS = 20


class Person:
    """Opens pages, points, clicks, types and reads."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, address, opened="songMap"):
        """Open a page and wait until what its script makes is there: its map, or another thing."""
        self.driver.get_log("performance"), self.driver.get_log("browser")
        self.driver.get(address)
        self.until("return !!window[arguments[0]]", opened)
        self.settle()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, script, *arguments):
        """Wait until a script returns something true, and return it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.run(script, *arguments)):
            assert time.monotonic() < end, f"waited in vain for {script}"
            time.sleep(0.01)
        return found

    def settle(self):
        """Wait until what has been asked for is drawn."""
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def position(self, row):
        """The position of a row of the present view, in pixels of the window."""
        return self.run(
            """const {left, top} = document.getElementById("plane").getBoundingClientRect();
            const [x, y] = songMap.camera.toScreen(songMap.columns.x[arguments[0]], songMap.columns.y[arguments[0]]);
            return [Math.round(left + x), Math.round(top + y)]""",
            row,
        )

    def point(self, row, click=False, away=0, kind="mouse"):
        """Point at a row, `away` pixels left of it; returns what the page then says under the pointer."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder
        from selenium.webdriver.common.actions.pointer_input import PointerInput

        left, top = self.position(row)
        actions = ActionBuilder(self.driver, mouse=PointerInput(kind, kind), duration=0)
        actions.pointer_action.move_to_location(left - away, top)
        if click:
            actions.pointer_action.click()
        actions.perform()
        self.settle()
        return self.text("#hover")

    def drag(self, row, along):
        """Take the map at a row and pull it to the right."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        left, top = self.position(row)
        actions = ActionBuilder(self.driver, duration=0)
        actions.pointer_action.move_to_location(left, top).pointer_down()
        for step in (1, 2, 3, 4):
            actions.pointer_action.move_to_location(left + along * step // 4, top)
        actions.pointer_action.pointer_up()
        actions.perform()
        self.settle()

    def scroll(self, row, pixels):
        """Turn the wheel over a row."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        left, top = self.position(row)
        actions = ActionBuilder(self.driver, duration=0)
        actions.wheel_action.scroll(left, top, 0, pixels, duration=0)
        actions.perform()
        self.settle()

    def click(self, row, **how):
        """Click on a row; returns what the card then says."""
        self.point(row, click=True, **how)
        return self.text("#card")

    def press(self, selector, words=""):
        """Click on the first element that a selector finds and that holds the words."""
        self.run("songMap.hover.hide()")
        elements = self.driver.find_elements("css selector", selector)
        next(element for element in elements if words in element.text).click()
        self.settle()

    def type(self, words, *keys):
        """Type into the search box, and then some keys."""
        box = self.driver.find_element("css selector", "#search input")
        box.clear()
        box.click()
        self.driver.execute_cdp_cmd("Input.insertText", {"text": words})  # send_keys knows no emoji
        self.key(*keys)

    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)
        self.settle()

    def text(self, selector):
        """What can be read in the first element that a selector finds; empty where it is hidden."""
        return next(iter(self.texts(selector)), "")

    def texts(self, selector):
        """What can be read in all of them."""
        return self.run(
            """const found = Array.from(document.querySelectorAll(arguments[0]));
            const visible = found.filter((each) => each.checkVisibility());
            return visible.map((each) => each.innerText.trim().replace(/\\n+/g, "\\n"))""",
            selector,
        )

    def edges(self, selector):
        """Where an element is in the window: left, right, top and bottom."""
        box = self.run("return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector)
        return box["left"], box["right"], box["top"], box["bottom"]

    def middle(self, element):
        """The middle of an element in the window."""
        box = self.run("return arguments[0].getBoundingClientRect().toJSON()", element)
        return [box["left"] + box["width"] / 2, box["top"] + box["height"] / 2]

    def shown(self):
        """The rows of the marks that are drawn, from the lowest to the topmost."""
        return self.run("return Array.from(songMap.marks.rows)")

    def names(self, kind):
        """The names of a kind that are written on the map: what they say, and their left, right, top and bottom."""
        box = "({words, left, right, top, bottom}) => [words, left, right, top, bottom]"
        written = "songMap.canvases.overlay.names.written"
        return self.run(f"return {written}.filter((each) => each.kind === arguments[0]).map({box})", kind)

    def lines_to(self):
        """Where the lines from what is chosen end, on the map."""
        return self.run("return songMap.canvases.overlay.lines.map(([, to]) => songMap.camera.toMap(...to))")

    def playing(self):
        """The row that is heard, or None."""
        return self.run("return songMap.listening.player.row")

    def requests(self):
        """The addresses that the page asked for since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        address = self.driver.current_url.partition("#")[0]
        return [each["request"]["url"] for each in asked if each["documentURL"] == address]

    def complaints(self):
        """What the browser complained of since the page was opened, but for songs whose files are not there."""
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [error for error in errors if not error.endswith("net::ERR_FILE_NOT_FOUND")]


@pytest.fixture(scope="session")
def person(tmp_path_factory):
    """Somebody with a Chromium of their own."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("needs Chromium and chromedriver, e.g. apt-get install chromium chromium-driver")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options, ChromeService(driver, env={**os.environ, "SE_OFFLINE": "true"}))
    yield Person(chrome)
    chrome.quit()
