// Does with the explorer's page what a person does, at a desk and with a telephone, in a real browser; prints what is wrong, and fails.
//
//     node scripts/explorer/check.mjs MODULES BROWSER PULSE [--pictures FOLDER] [--measure] [--address URL]
//
// MODULES is a folder `node_modules` with playwright-core and axe-core, BROWSER a Chromium, PULSE the program. With --pictures, leaves
// screenshots; with --measure, also measures with 500 candidates; with --address, uses a server that runs already.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { hold, seat, start, violations } from "./browser.mjs";
import { measured } from "./figures.mjs";
import { files } from "./files.mjs";
import * as hands from "./hands.mjs";
import { interactive } from "./measure.mjs";
import * as person from "./person.mjs";
import { conclude, results, step } from "./steps.mjs";

const [modules, browser, pulse, ...options] = process.argv.slice(2);
const option = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : null);
const pictures = option("--pictures");
if (pictures) mkdirSync(pictures, { recursive: true });
/** Interactive within so many milliseconds of the navigation: 300 is wanted on an idle machine, and CI is not one. */
const MOST_TO_INTERACTIVE = 1500;

/** Starts the program; its address, how long it took to say it, and what ends it. */
async function serve() {
  if (option("--address")) return { address: option("--address"), ms: 0, end: () => {} };
  const place = mkdtempSync(path.join(os.tmpdir(), "pulse-explorer-"));
  const begun = Date.now();
  const child = spawn(pulse, ["open", "--no-browser", "--out", path.join(place, "session")], { stdio: ["ignore", "pipe", "pipe"] });
  const address = await new Promise((found, failed) => {
    let text = "";
    const hear = (part) => {
      text += part;
      const match = text.match(/https?:\/\/\S+#token=\S+/);
      if (match) found(match[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => failed(new Error(`the program ended (${code}) before it said its address: ${text}`)));
    setTimeout(() => failed(new Error(`the program does not say its address: ${text}`)), 20000).unref();
  });
  const ms = Date.now() - begun;
  return { address, ms, end: () => { child.kill("SIGINT"); rmSync(place, { recursive: true, force: true, maxRetries: 5 }); } };
}

const { chromium, axe } = await start(modules, browser);

async function sit(name) {
  const server = await serve();
  const at = await seat(chromium, name, server.address);
  const page = await at.open();
  const shot = async (what) => pictures && page.screenshot({ path: path.join(pictures, `${name}-${what}.png`) });
  const accessible = async (screen) => {
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      // Colours change over a moment.
      await page.waitForTimeout(300);
      const found = await violations(page, axe);
      await page.emulateMedia({ colorScheme: "light" });
      hold(found.length === 0, `${screen}, ${scheme}: ${found.join(" | ")}`);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    hold(wide <= 0, `${screen} is ${wide} pixels wider than the window`);
  };
  const begun = Date.now();
  let id;
  await step(name, "opens", async () => {
    const ms = await interactive(page);
    results[`${name}, navigation to interactive, ms`] = Math.round(ms);
    results[`${name}, program to address, ms`] = server.ms;
    hold(ms < MOST_TO_INTERACTIVE, `it takes ${ms} ms until it can be used`);
    hold(!(await page.evaluate(() => location.href.includes("token"))), "the key stays in the address");
    await shot("start");
    await accessible("the start");
    return `${Math.round(ms)} ms`;
  });
  await step(name, "drop a picture", async () => {
    await person.drop(page);
    await page.waitForSelector(".prepare h1");
    await shot("prepare");
    await page.click(".options summary");
    await page.click(".chain button");
    await page.waitForSelector(".preview img");
    await accessible("the preparation");
    await page.click(".chain .row button >> nth=1");
  });
  await step(name, "watch", async () => {
    id = await person.search(page);
    await page.waitForSelector(".card.searching");
    await shot("searching");
    const { pictures: seen, wasSearching } = await person.watch(page, id);
    results[`${name}, drop to finished, s`] = (Date.now() - begun) / 1000;
    hold(wasSearching && seen >= 2, `the first candidate was seen in ${seen} states`);
    return `the first candidate was seen in ${seen} states`;
  });
  await step(name, "keep and rate", async () => {
    await person.keeps(page, id, 2);
    results[`${name}, start to first kept, s`] = (Date.now() - begun) / 1000;
    await shot("gallery");
    await accessible("the gallery");
  });
  await step(name, "sort", async () => `by ${(await person.sorts(page, id)).join(", ")}`);
  await step(name, "filter", async () => {
    await page.selectOption("#filter", "star");
    await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);
    await page.selectOption("#filter", "all");
  });
  await step(name, "undo and redo", async () => {
    await page.keyboard.press("Control+z");
    await page.waitForFunction(() => !document.querySelector("#card-2").getAttribute("aria-label").includes("of 5"));
    await page.keyboard.press("Control+Shift+z");
    await page.waitForFunction(() => document.querySelector("#card-2").getAttribute("aria-label").includes("4 of 5"));
  });
  await step(name, "the keyboard alone", async () => {
    await hands.keyboard(page, id);
    return hands.tabs(page);
  });
  await step(name, "one candidate", async () => {
    await page.click("#card-3");
    await page.waitForSelector(".sheet img");
    await shot("candidate");
    await person.splits(page);
    await shot("split");
    await person.zooms(page);
    const against = await person.looks(page);
    await accessible("a candidate");
    await hands.still(page);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((id) => location.hash === `#/${id}/4`, id);
    return `held against ${against.join(", ")}`;
  });
  await step(name, "walk a slider", async () => {
    await person.go(page, `#/${id}/3/walk`, ".walk h1");
    const { opened, shown } = await person.walks(page);
    results[`${name}, directions opened, ms`] = opened;
    results[`${name}, first picture after the slider moved, ms`] = shown;
    await shot("walk");
    await accessible("a walk");
    return `${opened} ms to open, ${shown} ms to the first picture`;
  });
  await step(name, "walk to another", async () => {
    await person.go(page, `#/${id}/3-5`, ".ends");
    await page.waitForSelector(".path-range:not(:disabled)", { timeout: 60000 });
    await page.locator(".path-range").fill("0.5");
    await page.waitForSelector(".walk[data-settled]");
    await page.keyboard.press("Space");
    const src = () => page.$eval(".sheet img", (image) => image.src);
    const before = await src();
    await page.waitForFunction((before) => document.querySelector(".sheet img").src !== before, before);
    await shot("path");
  });
  await step(name, at.isPhone ? "a finger and a pen" : "a pen", async () => {
    await person.go(page, `#/${id}/4/steer`, ".painter");
    if (at.isPhone) await hands.finger(page);
    await hands.pen(page);
  });
  let child;
  await step(name, "paint and search again", async () => {
    await person.go(page, `#/${id}/3/steer`, ".painter");
    await person.paints(page);
    await shot("paint");
    await accessible("painting");
    await page.click(".single-panel .primary");
    await page.waitForFunction((id) => /^#\/n/.test(location.hash) && !location.hash.startsWith(`#/${id}/`), id);
    child = await person.nodeOf(page);
    const node = await person.finished(page, child);
    hold(node.state === "finished" && node.parent === id && node.kind === "vary", `the new search is ${node.state}, of ${node.parent}, ${node.kind}: ${node.error}`);
  });
  await step(name, "undo leads back", async () => {
    await page.keyboard.press("Control+z");
    await page.waitForFunction((id) => location.hash === `#/${id}/3/steer`, id);
    await page.waitForSelector(".painter");
    hold(await person.serverNode(page, child), "undo removes the search from the history");
  });
  await step(name, "history", async () => {
    if (!(await page.$(".rail"))) await page.click(".actions [aria-pressed]");
    await page.waitForSelector(`.rail a[href="#/${child}"]`);
    const depth = await page.$eval(`.rail a[href="#/${child}"]`, (link) => getComputedStyle(link.parentElement).getPropertyValue("--depth"));
    hold(Number(depth) === 1, `the branch is drawn at depth ${depth}`);
    await shot("history");
    await accessible("the history");
    await page.click(`.rail a[href="#/${child}"]`);
    await page.waitForSelector(".card");
    if (at.isPhone) await page.waitForSelector(".rail", { state: "detached" });
  });
  await step(name, "tree of answers, what they agree on", async () => {
    await person.go(page, `#/${id}/tree`, ".branch");
    await shot("tree");
    await accessible("the tree");
    await person.go(page, `#/${id}/agree`, ".agreeing img");
    await shot("agree");
    await accessible("what they agree on");
    await person.go(page, `#/compare/${id}/${child}`, ".compare-columns section");
    await accessible("two nodes");
  });
  await step(name, "reload finds everything again", async () => {
    await person.go(page, `#/${id}`, ".card");
    await page.reload();
    await page.waitForSelector(".card.starred #card-2");
    hold((await person.order(page)).length >= 4, "candidates are missing");
    await page.keyboard.press("Control+z");
    await page.waitForFunction(() => !document.querySelector("#card-2").getAttribute("aria-label").includes("of 5"));
  });
  await step(name, "two pages", async () => {
    const other = await at.open(server.address.split("#")[0]);
    await person.go(other, `#/${id}`, ".card");
    await other.click('.card a[data-number="4"] ~ .card-foot .star');
    await page.waitForSelector(".card.starred #card-4");
    await other.close();
  });
  await step(name, "stop, and more", async () => {
    await person.go(page, "#/", ".drop");
    await hands.paste(page);
    await page.waitForSelector(".prepare h1");
    await page.click(".options summary");
    await page.click(".choice label:has-text('64')");
    const long = await person.search(page);
    await page.waitForSelector(".card.searching", { timeout: 60000 });
    await page.click(".working button");
    const node = await person.finished(page, long);
    hold(node.state === "stopped", `stopped, it is ${node.state}`);
    await page.waitForFunction(() => !document.querySelector(".working"));
  });
  await step(name, "help, carry away, German", async () => {
    await person.go(page, `#/${id}`, ".card");
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await shot("help");
    await accessible("help");
    await page.click("dialog label:has-text('Deutsch')");
    await page.waitForFunction(() => document.documentElement.lang === "de");
    await accessible("help in German");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await shot("german");
    await page.keyboard.press("c");
    await page.waitForSelector("dialog[open]");
    await accessible("carrying away");
    await shot("carry");
    const links = await page.$$eval("dialog a", (all) => all.map((one) => one.href));
    for (const link of links) {
      const status = await page.evaluate(async (link) => (await fetch(link)).status, link);
      hold(status === 200, `${link} answers ${status}`);
    }
    const said = await page.$$eval("dialog .copied pre", (all) => all.map((one) => one.textContent));
    hold(said.length === 2 && said[0].startsWith("pulse ") && said[1].startsWith("import pulse\n"), `how to do the same is said as ${said}`);
    await page.keyboard.press("Escape");
  });
  await step(name, "quiet", async () => hold(at.faults.length === 0, [...new Set(at.faults)].slice(0, 6).join(" | ")));
  await at.context.close();
  server.end();
}

await step("files", "words, vendored modules, what is asked for first", async () => {
  const found = await files();
  hold(found.length === 0, found.join("; "));
});
for (const name of ["desktop", "phone"]) await sit(name);
if (options.includes("--measure")) await step("desktop", "figures", () => measured({ chromium, serve, results }));
await chromium.close();
conclude();
