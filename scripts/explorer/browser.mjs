// A Chromium that listens: to the console, to faults, and to whatever a page asks for.
import { createRequire } from "node:module";
import path from "node:path";
import { readFileSync } from "node:fs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
/** How people sit before it: at a desk, and with a telephone. */
export const SEATS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

export class Wrong extends Error {}

export function hold(condition, message) {
  if (!condition) throw new Wrong(message);
}

/** @param {string} modules  the folder `node_modules` that has playwright-core and axe-core */
export async function start(modules, browser) {
  const load = createRequire(path.join(path.resolve(modules), "."));
  const { chromium } = load("playwright-core");
  const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
  return { chromium: await chromium.launch({ executablePath: browser, args: FLAGS }), axe };
}

/** A page, with all that it said that it should not have. */
export async function seat(chromium, name, address, { scheme = "light", locale = "en-US", motion = "no-preference" } = {}) {
  const context = await chromium.newContext({ ...SEATS[name], colorScheme: scheme, locale, reducedMotion: motion });
  context.setDefaultTimeout(30000);
  const faults = [];
  const origin = new URL(address).origin;
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`it asked for ${request.url()}`);
  });
  const open = async (where = address) => {
    const page = await context.newPage();
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(`its console says: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`it has a fault: ${error.message}`));
    await page.goto(where);
    await page.waitForSelector("main h1");
    return page;
  };
  return { context, open, faults, isPhone: name === "phone" };
}

/** What axe-core finds, as lines. */
export async function violations(page, axe) {
  // Under the page's own policy nothing can be injected as an element; evaluated it can be.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary.split("\n").slice(1, 3).join(" ").trim()})`).join("; ")}`);
}
