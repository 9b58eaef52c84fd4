"""Does with the pages of runs, walks and checks (report.html, explore.html, check.html) what a person does: sorts, tabs, opens, looks at it small and large, in the light and in the dark.

    python3 scripts/report/check.py BROWSER RUN... [--pictures FOLDER]

BROWSER is a Chromium, each RUN the folder of a run, of a walk or of a check. Prints what is wrong, and fails. With --pictures, leaves screenshots.
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
CONTROLS = {"button", "link", "checkbox", "combobox", "spinbutton", "slider"}
# WCAG 2.2, 1.4.3.
CONTRAST = 4.5

# Everything that a keyboard has to reach, each with a number to know it again by.
MARK_CONTROLS = """[...document.querySelectorAll('a[href], button, select, input, [tabindex]')].filter(e => !e.disabled)
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


PAGES = ("report.html", "explore.html", "check.html")


class Page:
    def __init__(self, browser, folder):
        self.browser = browser
        self.name = next(name for name in PAGES if (folder / name).exists())
        self.url = (folder / self.name).resolve().as_uri()
        self.candidates = []
        if self.name == "report.html":
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
         - ask("[...document.querySelectorAll('svg[role=img], canvas[role=img]')].filter(e => e.checkVisibility()).length"),
         "a picture is not read aloud")


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


# What is measured, and whether it is what the fields say.
FIELDS = "['left', 'top', 'width', 'height'].map(id => Number(document.getElementById('part-' + id).value))"
FIGURES = "document.getElementById('figures').innerText"
CANVAS = "document.getElementById('canvas')"
# The mean of red in candidate 1 over the part, from the picture itself.
MEAN = """(([left, top, width, height]) => { const image = document.querySelector('img[data-picture="candidate 1"]');
  const c = document.createElement('canvas'); c.width = image.naturalWidth; c.height = image.naturalHeight;
  const pen = c.getContext('2d'); pen.drawImage(image, 0, 0);
  const data = pen.getImageData(left, top, width, height).data;
  let sum = 0; for (let i = 0; i < data.length; i += 4) sum += data[i]; return sum / (width * height) })(%s)"""


def measures(page):
    """A part of all candidates, by the pointer and by typed numbers; two pictures flicker."""
    browser = page.browser
    page.open()
    hold(browser.ask(FIELDS) == [0, 0, 64, 64], f"at first it measures {browser.ask(FIELDS)}")
    x, y = browser.middle(CANVAS)
    browser.drag((x - 40, y - 20), (x + 24, y + 36))
    dragged = browser.ask(FIELDS)
    hold(0 < dragged[0] < 40 and 2 < dragged[2] < 32 and 2 < dragged[3] < 32, f"a drag measures {dragged}")
    browser.ask("(() => { const e = document.getElementById('part-left'); e.focus(); e.select() })()")
    before = browser.ask(FIGURES)
    browser.press("ArrowUp")
    browser.press("Tab")
    moved = browser.ask(FIELDS)
    hold(moved == [dragged[0] + 1, *dragged[1:]], f"a key in the field makes {moved} of {dragged}")
    hold(browser.ask(FIGURES) != before or len(page.candidates) == 0, "the figures stay when the part moves")
    if len(page.candidates) == 1:
        red = float(browser.ask(FIGURES).split()[1])
        hold(abs(red - browser.ask(MEAN % FIELDS)) < 0.06, f"red is {red}, not {browser.ask(MEAN % FIELDS)}")
    seen = "document.getElementById('seen').textContent"
    first = browser.ask(seen)
    browser.ask("""(() => { const e = document.getElementById('against'); e.value = 'the given picture';
      e.dispatchEvent(new Event('change')) })()""")
    browser.ask("document.getElementById('flicker').focus()")
    browser.press("Space")
    both = browser.ask(f"""new Promise(done => {{ const all = new Set();
      const watch = setInterval(() => all.add({seen}), 50); setTimeout(() => {{ clearInterval(watch); done([...all]) }}, 1300) }})""")
    hold(set(both) == {first, "the given picture"}, f"flickering shows {both}")
    button = f"{CARD}.querySelector('[data-look]')"
    browser.click(*browser.middle(button))
    hold(browser.ask("document.activeElement.id") == "shown", "the button to look closer does not lead there")


def slides(page):
    """Each slider shows the picture of its stop, large, and says which."""
    browser = page.browser
    page.open()
    count = browser.ask("document.querySelectorAll('.walk').length")
    hold(count > 0, "there is no walk")
    state = """(() => { const walk = document.querySelector('.walk'), at = Number(walk.querySelector('input').value);
      const stop = walk.querySelectorAll('.stops li')[at], shown = [...walk.querySelectorAll('.stage img')];
      return [at, shown.every((image, i) => image.src === stop.querySelectorAll('img')[i].src),
        walk.querySelector('output').textContent.startsWith(stop.querySelector('strong').textContent),
        stop.classList.contains('current')] })()"""
    start = browser.ask(state)
    browser.ask("document.querySelector('.walk input').focus()")
    browser.press("ArrowRight")
    after = browser.ask(state)
    hold(after == [start[0] + 1, True, True, True], f"after a key it shows {after}, not the stop after {start}")
    browser.click(*browser.middle("document.querySelector('.stops li')"))
    hold(browser.ask(state) == [0, True, True, True], f"a click on the first stop shows {browser.ask(state)}")


def fits(page):
    """Nothing reaches over the edge of the window, open or closed."""
    for fragment in ["", "#sort=distinctness"]:
        page.open(fragment)
        page.browser.ask("document.getElementById('reveal')?.click()")
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


ALWAYS = [is_quiet, is_read_aloud, is_tabbed_through, fits, is_legible]
CHECKS = {
    "report.html": [*ALWAYS, skips, opens, measures, is_still],
    "explore.html": [*ALWAYS, slides],
    "check.html": ALWAYS,
}


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
            faults.append(f"{where}: {wrong}")

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, Browser(arguments.browser, f"{place}/profile") as browser:
        for run in arguments.runs:
            page = Page(browser, run)
            checks = CHECKS[page.name] + [sorts] if len(page.candidates) > 1 else CHECKS[page.name]
            for width in WIDTHS:
                browser.resize(width)
                for check in checks:
                    attempt(check, f"{page.name} of {run} at {width} pixels", page)
                for scheme in ["light", "dark"] if arguments.pictures else []:
                    browser.prefer(prefers_color_scheme=scheme)
                    page.open()
                    name = f"{arguments.runs.index(run)}-{page.name}-{width}-{scheme}.png"
                    browser.picture(arguments.pictures / name, whole=True)
                browser.prefer()
        attempt(policy_holds, "report.html", browser, arguments.runs[0], place)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        done = dict.fromkeys(check.__name__.replace("_", " ") for checks in CHECKS.values() for check in [*checks, sorts])
        print(f"{len(arguments.runs)} pages at {len(WIDTHS)} widths: {', '.join(done)}; the policy holds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
