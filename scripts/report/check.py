"""Does with a run's report.html what a person does: sorts, tabs, opens, looks at it small and large, in the light and in the dark.

    python3 scripts/report/check.py BROWSER RUN... [--pictures FOLDER]

BROWSER is a Chromium, each RUN the folder of a run. Prints what is wrong, and fails. With --pictures, leaves screenshots.
"""

import argparse
import json
import pathlib
import sys
import tempfile

from browser import Browser

WIDTHS = (1280, 390)
ORDERS = ("number", "consistency", "plausibility", "sharpness", "distinctness")
# What can be moved to with the keyboard, and what has a name of its own when it is read aloud.
CONTROLS = {"button", "link", "checkbox", "combobox"}
# WCAG 2.2, 1.4.3.
CONTRAST = 4.5

# Everything that a keyboard has to reach, each with a number to know it again by.
MARK_CONTROLS = """[...document.querySelectorAll('a[href], button, select, input, [tabindex]')]
  .filter(e => e.checkVisibility()).map((e, i) => e.dataset.control = i).length"""
FOCUSED = "document.activeElement?.dataset.control ?? null"
FOCUS_IS_SEEN = """(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
  return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight
    && r.right > 0 && r.left < innerWidth })()"""
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.skip, .scroll *'))
  .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + .5 || r.left < -.5) })
  .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40))"""
# Every piece of text whose colour is too near that of what is behind it, with the contrast.
PALE = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c } return [255, 255, 255] };
  const pale = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const s = getComputedStyle(e), [a, b] = [light(parts(e.ownerSVGElement ? s.fill : s.color)), light(behind(e))];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < CONTRAST) pale.push(`${e.tagName} ${e.textContent.slice(0, 30)} ${contrast.toFixed(1)}`);
  }
  return pale })()""".replace("CONTRAST", str(CONTRAST))


class Wrong(Exception):
    """What a person would stumble over."""


def hold(condition, message):
    if not condition:
        raise Wrong(message)


class Page:
    def __init__(self, browser, folder):
        self.browser = browser
        self.url = (folder / "report.html").resolve().as_uri()
        self.candidates = json.loads((folder / "run.json").read_text())["candidates"]

    def open(self, fragment=""):
        self.browser.open(self.url + fragment)

    def order(self):
        return self.browser.ask("[...document.querySelectorAll('.card')].map(card => Number(card.dataset.number))")

    def expected(self, order):
        """The numbers of the candidates as run.json has it; those without a score last."""
        keys = {
            "number": lambda candidate: 0,
            "consistency": lambda candidate: -candidate["db"],
            "plausibility": lambda candidate: (candidate["plausibility"] or {}).get("departure"),
            "sharpness": lambda candidate: candidate["sharpness"],
            "distinctness": lambda candidate: candidate["distinctness"] and -candidate["distinctness"],
        }
        def key(candidate):
            score = keys[order](candidate)
            return (score is None, score or 0, candidate["number"])
        return [candidate["number"] for candidate in sorted(self.candidates, key=key)]

    def is_sorted(self, order, how):
        found, expected = self.order(), self.expected(order)
        hold(found == expected, f"sorted by {order} {how}, it has {found}, not {expected}")
        status = self.browser.ask("document.querySelector('[role=status]').textContent")
        hold(order in status, f"sorted by {order} {how}, it says `{status}`")


def is_quiet(page):
    """Nothing on the console, nothing asked for."""
    page.open()
    hold(not page.browser.console(), f"its console has {page.browser.console()}")
    hold(not page.browser.requests(), f"it asks for {page.browser.requests()}")


def is_read_aloud(page):
    """One heading above all, none left out; landmarks; a name for every control; words for every picture."""
    ask = page.browser.ask
    levels = ask("[...document.querySelectorAll('h1, h2, h3, h4')].map(e => Number(e.tagName[1]))")
    hold(levels.count(1) == 1 and levels[0] == 1, f"its headings are of the levels {levels}")
    hold(all(b <= a + 1 for a, b in zip(levels, levels[1:])), f"a level is left out: {levels}")
    hold(ask("document.documentElement.lang") == "en", "it does not say its language")
    nodes = page.browser.accessible()
    roles = [role for role, _, _ in nodes]
    for landmark in ["banner", "main", "contentinfo"]:
        hold(roles.count(landmark) == 1, f"it has {roles.count(landmark)} of the landmark {landmark}")
    for wanted in CONTROLS | {"image", "img", "region", "heading"}:
        names = [name for role, name, _ in nodes if role == wanted]
        hold(all(names), f"a {wanted} has no name")
        if wanted in CONTROLS:
            hold(len(set(names)) == len(names), f"two of {wanted} have one name: {sorted(names)}")
    hold(ask("[...document.images].every(e => e.alt.trim())"), "a picture has no words")
    hold(ask("document.images.length") == sum(role in ("image", "img") for role in roles)
         - ask("document.querySelectorAll('svg[role=img]').length"), "a picture is not read aloud")


def is_tabbed_through(page):
    """Every control is reached, forwards and backwards, and seen to be."""
    page.open()
    count = page.browser.ask(MARK_CONTROLS)
    for shift in [False, True]:
        # To the beginning or the end of the page, whichever the next key goes on from.
        page.browser.ask("document.activeElement?.blur()")
        reached = []
        for _ in range(count):
            page.browser.press("Tab", shift)
            reached.append(page.browser.ask(FOCUSED))
            hold(reached[-1] is not None, f"after {len(reached) - 1} of {count} controls, the focus is nowhere")
            hold(page.browser.ask(FOCUS_IS_SEEN), f"the focus on control {reached[-1]} is not seen")
        expected = [str(number) for number in range(count)]
        hold(reached == (expected[::-1] if shift else expected), f"the keyboard reaches {reached}, not {expected}")
        page.browser.press("Tab", shift)


def skips(page):
    """The first key leads past everything to the candidates."""
    page.open()
    page.browser.press("Tab")
    page.browser.press("Enter")
    top = page.browser.ask("document.getElementById('candidates').getBoundingClientRect().top")
    hold(abs(top) < 50, f"the link that skips to the candidates leaves them at {top} pixels")


def sorts(page):
    """The sort control by the keyboard and by the pointer, and addresses that name an order."""
    browser = page.browser
    page.open()
    browser.ask("document.getElementById('order').focus()")
    for order in ORDERS[1:]:
        browser.press("ArrowDown")
        page.is_sorted(order, "with the arrow keys")
    for order in reversed(ORDERS[:-1]):
        browser.press("ArrowUp")
        page.is_sorted(order, "with the arrow keys")
    for steps, order in enumerate(ORDERS):
        page.open()
        browser.click(*browser.middle("document.getElementById('order')"))
        for _ in range(steps):
            browser.press("ArrowDown")
        browser.press("Enter")
        page.is_sorted(order, "with a click")
        page.open(f"#sort={order}")
        page.is_sorted(order, "by its address")


# The card of a candidate, its button, and whether what it shrinks to is seen.
CARD = "document.querySelector('.card[data-number=\"1\"]')"
BUTTON = f"{CARD}.querySelector('button')"
SHOWN = f"""Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)))
  .then(() => getComputedStyle({CARD}.querySelector('.behind')).opacity === '1')"""
PRESSED = f"{BUTTON}.getAttribute('aria-pressed') === 'true'"


def opens(page):
    """What a candidate shrinks to, by key and by pointer; the button always says what is seen."""
    browser = page.browser

    def agrees(expected, after):
        shown, pressed = browser.ask(SHOWN), browser.ask(PRESSED)
        hold(shown == expected, f"{after}, what it shrinks to is {'' if shown else 'not '}seen")
        hold(pressed == expected, f"{after}, its button is {'' if pressed else 'not '}pressed")

    page.open()
    browser.move(1, 1)
    agrees(False, "at first")
    browser.ask(f"{BUTTON}.focus()")
    agrees(False, "with the focus on its button")
    for key in ["Enter", "Space"]:
        browser.press(key)
        agrees(True, f"after {key}")
        browser.press(key)
        agrees(False, f"after {key} again")
    browser.click(*browser.middle(BUTTON))
    agrees(True, "after a click")
    browser.click(*browser.middle(BUTTON))
    agrees(False, "after another click")
    browser.move(*browser.middle(f"{CARD}.querySelector('.views')"))
    hold(browser.ask(SHOWN), "what it shrinks to is not seen under the pointer")
    browser.move(1, 1)
    agrees(False, "when the pointer has gone")
    if len(page.candidates) > 1:
        browser.ask("document.getElementById('reveal').focus()")
        browser.press("Space")
        agrees(True, "after all were opened")
        browser.ask(f"{BUTTON}.focus()")
        browser.press("Enter")
        agrees(False, "after it alone was closed")
        hold(not browser.ask("document.getElementById('reveal').checked"), "one is closed, and all are said to be open")


def fits(page):
    """Nothing reaches over the edge of the window, open or closed."""
    for fragment in ["", "#sort=distinctness"]:
        page.open(fragment)
        page.browser.ask("document.getElementById('reveal').click()")
        wide = page.browser.ask("document.documentElement.scrollWidth > innerWidth")
        hold(not wide and not page.browser.ask(TOO_WIDE), f"too wide: {page.browser.ask(TOO_WIDE)}")


def is_legible(page):
    """The contrast of every text, in the light and in the dark, which is dark."""
    for scheme in ["light", "dark"]:
        page.browser.prefer(prefers_color_scheme=scheme)
        page.open()
        hold(not page.browser.ask(PALE), f"in the {scheme}, hard to read: {page.browser.ask(PALE)}")
        paper = page.browser.ask("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        hold((max(paper) < 128) == (scheme == "dark"), f"its paper in the {scheme} is {paper}")
    page.browser.prefer()


def is_still(page):
    """Nothing moves for those who do not want it to."""
    moving = f"parseFloat(getComputedStyle({CARD}.querySelector('.behind')).transitionDuration) > 0"
    for motion in ["no-preference", "reduce"]:
        page.browser.prefer(prefers_reduced_motion=motion)
        page.open()
        hold(page.browser.ask(moving) == (motion != "reduce"), f"with {motion}, it moves the wrong way")
    page.browser.prefer()


CHECKS = [is_quiet, is_read_aloud, is_tabbed_through, skips, opens, fits, is_legible, is_still]


def policy_holds(browser, folder, place):
    """A page with what its policy forbids is silent; without the policy it is not, and that is noticed."""
    forbidden = '<img src="http://pulse.invalid/a.png" alt=""><script>document.title = "broken"</script></main>'
    text = (folder / "report.html").read_text().replace("</main>", forbidden)
    page = pathlib.Path(place) / "report.html"
    page.write_text(text)
    browser.open(page.as_uri())
    held = [line for line in browser.console() if "Content Security Policy" in line]
    hold(len(held) >= 2, f"a forbidden picture and script were not noticed: {browser.console()}")
    hold(not browser.requests(), "its policy lets requests out")
    hold(browser.ask("document.title") != "broken", "its policy lets scripts run")
    begin = text.index('<meta http-equiv="Content-Security-Policy"')
    page.write_text(text[:begin] + text[text.index(">", begin) + 1:])
    browser.open(page.as_uri())
    hold(browser.requests(), "requests of a page without a policy were not noticed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("browser")
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    faults = []

    def attempt(check, where, *values):
        try:
            check(*values)
        except Wrong as wrong:
            faults.append(f"report.html{where}: {wrong}")

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, Browser(arguments.browser, f"{place}/profile") as browser:
        for run in arguments.runs:
            page = Page(browser, run)
            checks = CHECKS + [sorts] if len(page.candidates) > 1 else CHECKS
            for width in WIDTHS:
                browser.resize(width)
                for check in checks:
                    attempt(check, f" of {len(page.candidates)} at {width} pixels", page)
                if arguments.pictures:
                    page.open()
                    browser.picture(arguments.pictures / f"{run.name}-{width}.png", whole=True)
        attempt(policy_holds, "", browser, arguments.runs[0], place)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"report.html: {len(arguments.runs)} pages at {len(WIDTHS)} widths: "
              f"{', '.join(check.__name__.replace('_', ' ') for check in [*CHECKS, sorts])}; its policy holds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
