// Other ways of doing the same: the keyboard alone, pasting, a finger, a pen.
import { readFileSync } from "node:fs";
import { hold } from "./browser.mjs";
import { PICTURE } from "./person.mjs";

/** Pastes a file, as from another program. */
export async function paste(page) {
  const bytes = readFileSync(PICTURE).toString("base64");
  await page.evaluate((bytes) => {
    const held = new DataTransfer();
    held.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], "pasted.png", { type: "image/png" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true }));
  }, bytes);
  await page.waitForFunction(() => /^#\/p/.test(location.hash));
}

/** From the gallery to a candidate, into a walk and out of it again, without a pointer. */
export async function keyboard(page, id) {
  await page.evaluate(() => document.activeElement?.blur());
  const focused = () => page.evaluate(() => Number(document.activeElement?.dataset?.number ?? 0));
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.activeElement?.dataset?.number);
  const first = await focused();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((first) => Number(document.activeElement?.dataset?.number) !== first, first);
  const second = await focused();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((first) => Number(document.activeElement?.dataset?.number) === first, first);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((second) => Number(document.activeElement?.dataset?.number) === second, second);
  await page.keyboard.press("Enter");
  await page.waitForFunction(({ id, second }) => location.hash === `#/${id}/${second}`, { id, second });
  await page.waitForSelector(".stepper");
  await page.keyboard.press("p");
  await page.waitForSelector(".painter");
  await page.focus(".painter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => /\d+ %/.test(document.querySelector(".single-panel [role=status]").textContent));
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".stepper");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".card");
  // Where one was is where one is again.
  await page.keyboard.press("Tab");
}

/** Everything that can be reached is seen when it has the focus, and the first key leads past the frame. */
export async function tabs(page) {
  await page.evaluate(() => document.activeElement?.blur());
  const reached = new Set();
  for (let turn = 0; turn < 60; turn++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const shownBy = [element, element.closest("label"), element.closest(".drop, .choice label, .stars label")].filter(Boolean);
      const isSeen = shownBy.some((one) => getComputedStyle(one).outlineStyle !== "none") || Boolean(element.nextElementSibling && getComputedStyle(element.nextElementSibling).outlineStyle !== "none");
      return { name: element.getAttribute("aria-label") || element.textContent.trim().slice(0, 40) || element.tagName, isSeen, isIn: box.bottom > 0 && box.top < innerHeight, style: style.outlineStyle };
    });
    if (!now) break;
    hold(now.isSeen, `the focus on ${now.name} is not seen`);
    reached.add(now.name);
  }
  hold(reached.size >= 8, `only ${[...reached].join(", ")} are reached by the keyboard`);
  return `${reached.size} things`;
}

const share = async (page) => {
  await page.waitForTimeout(80);
  return Number(/(\d+) %/.exec(await page.textContent(".single-panel [role=status]"))?.[1] ?? 0);
};

/** A stroke with one finger; two fingers zoom and paint nothing. */
export async function finger(page) {
  const client = await page.context().newCDPSession(page);
  const box = await page.locator(".painter").boundingBox();
  const at = (x, y, id = 0) => ({ x: box.x + box.width * x, y: box.y + box.height * y, id });
  const touch = (type, ...touchPoints) => client.send("Input.dispatchTouchEvent", { type, touchPoints });
  await page.click('[aria-label="Clear"]:not(:disabled)', { timeout: 1000 }).catch(() => {});
  await touch("touchStart", at(0.3, 0.5));
  for (const x of [0.35, 0.45, 0.55, 0.6]) await touch("touchMove", at(x, 0.52));
  await touch("touchEnd");
  const painted = await share(page);
  hold(painted > 0, "a finger paints nothing");
  const zoom = () => page.textContent(".zoom output");
  const before = await zoom();
  await touch("touchStart", at(0.4, 0.5, 1), at(0.6, 0.5, 2));
  for (const by of [0.05, 0.1, 0.15]) await touch("touchMove", at(0.4 - by, 0.5, 1), at(0.6 + by, 0.5, 2));
  await touch("touchEnd");
  hold((await zoom()) !== before, `two fingers do not zoom: ${before}`);
  hold(Math.abs((await share(page)) - painted) <= 1, "two fingers paint");
  await page.keyboard.press("f");
}

/** A pen paints by its pressure; its other end takes away. */
export async function pen(page) {
  const stroke = (pressure, buttons) => page.evaluate(({ pressure, buttons }) => {
    const area = document.querySelector(".painter");
    const box = area.getBoundingClientRect();
    const send = (kind, x) => area.dispatchEvent(new PointerEvent(kind, { pointerId: 7, pointerType: "pen", pressure, buttons, button: buttons === 32 ? 5 : 0, clientX: box.x + box.width * x, clientY: box.y + box.height * 0.7, bubbles: true, cancelable: true }));
    // A made-up pointer cannot be captured.
    const { setPointerCapture } = HTMLElement.prototype;
    HTMLElement.prototype.setPointerCapture = () => {};
    send("pointerdown", 0.2);
    send("pointermove", 0.5);
    send("pointermove", 0.8);
    send("pointerup", 0.8);
    HTMLElement.prototype.setPointerCapture = setPointerCapture;
  }, { pressure, buttons });
  const before = await share(page);
  await stroke(0.2, 1);
  const light = (await share(page)) - before;
  await page.keyboard.press("Control+z");
  await stroke(1, 1);
  const hard = (await share(page)) - before;
  hold(hard > light && light > 0, `a pen paints ${light} % lightly, ${hard} % hard`);
  await stroke(1, 32);
  hold((await share(page)) <= before, "the other end of the pen does not take away");
}

/** Where less motion is wanted, nothing blinks by itself. */
export async function still(page) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.keyboard.press("b");
  await page.waitForSelector(".blinker");
  await page.click(".blinker");
  await page.waitForSelector('.blinker[aria-pressed="true"]');
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.keyboard.press("a");
}
