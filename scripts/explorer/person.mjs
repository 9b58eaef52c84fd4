// What a person does on the page, by hand: drop, watch, sort, compare, walk, paint, take back.
import { readFileSync } from "node:fs";
import { hold } from "./browser.mjs";

export const PICTURE = "examples/face-16.png";

/** Drops a file on the window, as a hand does. */
export async function drop(page, file = PICTURE, name = "face-16.png", selector = "body") {
  const bytes = readFileSync(file).toString("base64");
  await page.evaluate(({ bytes, name, selector }) => {
    const held = new DataTransfer();
    held.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name, { type: "image/png" }));
    const target = document.querySelector(selector);
    for (const kind of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true, cancelable: true }));
  }, { bytes, name, selector });
}

/** Presses the large button and goes where it leads. The id of the search. */
export async function search(page) {
  await page.click(".prepare-panel .primary");
  await page.waitForFunction(() => /^#\/n/.test(location.hash));
  return nodeOf(page);
}

export const nodeOf = (page) => page.evaluate(() => location.hash.split("/")[1]);
export const go = async (page, hash, selector) => {
  await page.evaluate((hash) => (location.hash = hash), hash);
  await page.waitForSelector(selector);
};
/** The session as the server has it, or the program in the page. */
export const session = (page) => page.evaluate(async () => globalThis.pulse?.session() ?? (await fetch("api/v1/session")).json());
export const serverNode = async (page, id) => (await session(page)).nodes.find((node) => node.id === id);
export const finished = async (page, id, seconds = 120) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const node = await serverNode(page, id);
    if (["finished", "stopped", "failed"].includes(node?.state)) return node;
    hold(Date.now() < end, `the search ${id} is ${node?.state} after ${seconds} s`);
    await page.waitForTimeout(200);
  }
};

/** How often the picture of the first card changes, and what is said, until the search is done. */
export async function watch(page, id) {
  await page.waitForSelector(".card");
  const seen = new Set();
  let wasSearching = false;
  let wasCounting = false;
  for (let turn = 0; turn < 600; turn++) {
    const now = await page.evaluate(() => ({ src: document.querySelector(".card img")?.src, isSearching: Boolean(document.querySelector(".card.searching")), progress: document.querySelector(".working progress")?.value ?? 0, isDone: !document.querySelector(".working") }));
    if (now.src) seen.add(now.src);
    wasSearching ||= now.isSearching;
    wasCounting ||= now.progress > 0 && now.progress < 1;
    if (now.isDone) break;
    await page.waitForTimeout(60);
  }
  const node = await finished(page, id);
  hold(node.state === "finished", `the search ended ${node.state}: ${node.error}`);
  return { pictures: seen.size, wasSearching, wasCounting };
}

export const order = (page) => page.$$eval(".card a[data-number]", (all) => all.map((one) => Number(one.dataset.number)));

/** Sorts by every order that is offered, and compares with what the server says. */
export async function sorts(page, id) {
  const node = await serverNode(page, id);
  const less = new Set(["plausibility", "departure", "sharpness", "bent", "distance", "error"]);
  const offered = await page.$$eval("#order option", (all) => all.map((one) => one.value));
  hold(offered.length >= 4, `only ${offered} are offered to sort by`);
  for (const by of offered.filter((key) => !["verdict", "rating"].includes(key))) {
    await page.selectOption("#order", by);
    const key = (candidate) => {
      if (by === "number") return candidate.number;
      const value = by === "db" ? candidate.db : candidate.scores[by];
      return Number.isFinite(value) ? (less.has(by) ? value : -value) : Infinity;
    };
    const wanted = [...node.candidates].sort((a, b) => key(a) - key(b) || a.number - b.number).map((candidate) => candidate.number);
    const shown = await page.waitForFunction((first) => Number(document.querySelector(".card a[data-number]").dataset.number) === first, wanted[0]).then(() => order(page));
    hold(shown.every((number, place) => number === wanted[place]), `sorted by ${by} it shows ${shown}, not ${wanted}`);
  }
  await page.selectOption("#order", "number");
  return offered;
}

/** Keeps and rates; the server knows of it. */
export async function keeps(page, id, number) {
  await page.click(`.card a[data-number="${number}"] ~ .card-foot .star`);
  await page.waitForSelector(`.card.starred a[data-number="${number}"]`);
  await page.focus(`#card-${number}`);
  await page.keyboard.press("4");
  await page.waitForFunction((number) => document.querySelector(`#card-${number}`).getAttribute("aria-label").includes("4 of 5"), number);
  const candidate = (await serverNode(page, id)).candidates.find((one) => one.number === number);
  hold(candidate.star && candidate.rating === 4, `after keeping and rating, the server has star ${candidate.star}, rating ${candidate.rating}`);
}

/** The line between the halves follows the pointer and the keys. */
export async function splits(page) {
  await page.keyboard.press("x");
  const handle = page.locator(".handle");
  await handle.waitFor();
  const clip = () => page.$eval(".sheet img:last-of-type", (image) => getComputedStyle(image).clipPath);
  const before = await clip();
  const box = await handle.boundingBox();
  const sheet = await page.locator(".sheet").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(sheet.x + sheet.width * 0.25, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  const at = Number(await handle.getAttribute("aria-valuenow"));
  hold(Math.abs(at - 25) <= 1, `dragged to a quarter, the line says ${at}`);
  hold((await clip()) !== before, "the halves did not follow the line");
  await handle.focus();
  await page.keyboard.press("End");
  hold((await handle.getAttribute("aria-valuenow")) === "100", "the key End does not move the line");
  await page.keyboard.press("Home");
}

/** Whole pixels of the screen for each of the picture's, at every zoom. */
export async function zooms(page) {
  await page.keyboard.press("a");
  const ratio = await page.evaluate(() => devicePixelRatio);
  for (let step = 0; step < 6; step++) {
    const { width, natural } = await page.$eval(".sheet", (sheet) => ({ width: sheet.getBoundingClientRect().width, natural: sheet.querySelector("img").naturalWidth }));
    const zoom = (width * ratio) / natural;
    hold(Math.abs(zoom - Math.round(zoom)) < 0.01, `it is zoomed ${zoom} times`);
    await page.keyboard.press("+");
    await page.waitForTimeout(30);
  }
  await page.keyboard.press("f");
}

/** Each way of looking shows pictures that have come. */
export async function looks(page) {
  for (const [key, way] of [["v", "beside"], ["b", "blink"], ["d", "difference"]]) {
    await page.keyboard.press(key);
    await page.waitForFunction(() => [...document.querySelectorAll(".sheet img")].every((image) => image.complete && image.naturalWidth > 0), null, { timeout: 8000 }).catch(() => hold(false, `a picture of ${way} does not come`));
  }
  const options = await page.$$eval("#against option", (all) => all.map((one) => one.value));
  for (const against of options) {
    await page.selectOption("#against", against);
    await page.waitForFunction(() => [...document.querySelectorAll(".sheet img")].every((image) => image.complete && image.naturalWidth > 0), null, { timeout: 8000 }).catch(() => hold(false, `the difference from ${against} does not come`));
  }
  await page.selectOption("#against", options[0]);
  await page.keyboard.press("a");
  return options;
}

/** Drags a slider along a direction: something is shown at once, and it settles. */
export async function walks(page) {
  const slider = page.locator(".directions input").first();
  const begun = Date.now();
  await slider.waitFor({ timeout: 60000 });
  const opened = Date.now() - begun;
  const src = () => page.$eval(".sheet img", (image) => image.src);
  const before = await src();
  const first = Date.now();
  await slider.fill("1");
  await page.waitForFunction((before) => document.querySelector(".sheet img").src !== before, before);
  const shown = Date.now() - first;
  for (const at of [0.1, 0.23, 0.37, 0.52, 0.68, 0.81, 0.94, 0.45, -0.13, -0.31, -0.58, -0.77]) {
    await slider.fill(String(at));
    await page.waitForSelector(".walk[data-settled]");
  }
  const db = await page.textContent(".figures strong");
  hold(/\d+[.,]\d dB/.test(db), `on the way it says ${db}`);
  hold(await page.$(".figures .verdict"), "no verdict stands beside the dB");
  return { opened, shown };
}

/** A stroke over the picture, taken back, and made again. */
export async function paints(page) {
  const share = async () => Number(/(\d+) %/.exec(await page.textContent(".single-panel [role=status]"))?.[1] ?? 0);
  const box = await page.locator(".painter").boundingBox();
  const stroke = async () => {
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.4);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.42, { steps: 8 });
    await page.mouse.up();
    await page.waitForTimeout(60);
  };
  await stroke();
  hold((await share()) > 0, "a stroke paints nothing");
  await page.keyboard.press("Control+z");
  await page.waitForTimeout(60);
  hold((await share()) === 0, "Ctrl Z does not take the stroke back");
  await page.keyboard.press("Control+Shift+z");
  await page.waitForTimeout(60);
  hold((await share()) > 0, "the stroke does not come back");
  await page.keyboard.press("i");
  await page.waitForTimeout(60);
  hold((await share()) > 50, "it is not inverted");
  await page.keyboard.press("i");
  const before = await page.inputValue(".stage-tools input[type=range] >> nth=0");
  await page.keyboard.press("]");
  hold(Number(await page.inputValue(".stage-tools input[type=range] >> nth=0")) > Number(before), "] does not make the brush larger");
  await page.keyboard.press("[");
}
