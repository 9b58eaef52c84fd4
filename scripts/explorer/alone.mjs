// Does with the page without a server what a person does, at a desk and with a telephone, in a real browser; prints what is wrong, and fails.
//
//     node scripts/explorer/alone.mjs MODULES BROWSER FOLDER [--pictures FOLDER] [--seat desktop|phone] [--native PNG]
//
// FOLDER is what `pulse page` wrote. With --pictures, leaves screenshots; with --seat, sits at one of the two only; with --native, holds the
// first candidate against this file, which the program found for the same picture with its portable kernels.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { hold, seat, start, violations } from "./browser.mjs";
import { handOut } from "./folder.mjs";
import { interactive } from "./measure.mjs";
import * as person from "./person.mjs";
import { conclude, results, step } from "./steps.mjs";

const [modules, browser, folder, ...options] = process.argv.slice(2);
const option = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : null);
const pictures = option("--pictures");
if (pictures) mkdirSync(pictures, { recursive: true });

const native = option("--native");

/** A search takes a while on one thread, and longer where others work, too. */
const SECONDS = 300;

const { chromium, axe } = await start(modules, browser);

/** The bytes of what is saved when something is clicked. */
async function saved(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The pixels of a PNG, packed as they are in it. */
function packed(png) {
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return Buffer.concat(parts);
}

async function sit(name) {
  const server = await handOut(folder);
  const at = await seat(chromium, name, server.address);
  at.context.setDefaultTimeout(60_000);
  const page = await at.open();
  const ready = () => page.waitForFunction(() => performance.getEntriesByName("interactive").length > 0);
  const shot = async (what) => pictures && page.screenshot({ path: path.join(pictures, `alone-${name}-${what}.png`) });
  const accessible = async (screen) => {
    const found = await violations(page, axe);
    hold(found.length === 0, `${screen}: ${found.join(" | ")}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    hold(wide <= 0, `${screen} is ${wide} pixels wider than the window`);
  };
  let id;
  await step(name, "opens", async () => {
    await ready();
    const ms = Math.round(await interactive(page));
    results[`${name}, navigation to interactive, ms`] = ms;
    hold(!server.asked.some((asked) => asked.endsWith(".safetensors")), "a generator is fetched that nobody chose");
    await shot("start");
    await accessible("the start");
    return `${ms} ms`;
  });
  await step(name, "drop a picture, watch", async () => {
    await person.drop(page);
    await page.waitForSelector(".prepare h1");
    const begun = Date.now();
    id = await person.search(page);
    await page.waitForSelector(".card.searching");
    results[`${name}, search to first picture, s`] = (Date.now() - begun) / 1000;
    await shot("searching");
    const { pictures: seen, wasCounting } = await person.watch(page, id);
    results[`${name}, eight candidates, s`] = (Date.now() - begun) / 1000;
    hold(seen >= 2 && wasCounting, `the first candidate was seen in ${seen} states`);
    return `the first candidate was seen in ${seen} states`;
  });
  await step(name, "keep, rate, sort", async () => {
    await person.keeps(page, id, 2);
    await shot("gallery");
    await accessible("the gallery");
    return `by ${(await person.sorts(page, id)).join(", ")}`;
  });
  if (native) {
    await step(name, "the same picture as the program's, to the bit", async () => {
      await person.go(page, `#/${id}/1`, ".stepper");
      const picture = await saved(page, "a[href$='candidates/1.png'][download]");
      hold(packed(picture.bytes).equals(packed(readFileSync(native))), "it is another picture");
      await person.go(page, `#/${id}`, ".card");
    });
  }
  await step(name, "one candidate", async () => {
    await page.click("#card-3");
    await page.waitForSelector(".sheet img");
    await person.splits(page);
    await shot("split");
    await person.zooms(page);
    return `held against ${(await person.looks(page)).join(", ")}`;
  });
  await step(name, "walk a slider", async () => {
    await person.go(page, `#/${id}/3/walk`, ".walk h1");
    const { opened, shown } = await person.walks(page);
    results[`${name}, directions opened, ms`] = opened;
    results[`${name}, first picture after the slider moved, ms`] = shown;
    await shot("walk");
    await accessible("a walk");
  });
  let child;
  await step(name, "paint and search again", async () => {
    await person.go(page, `#/${id}/3/steer`, ".painter");
    await person.paints(page);
    await shot("paint");
    await page.click(".single-panel .primary");
    await page.waitForFunction((id) => /^#\/n/.test(location.hash) && !location.hash.startsWith(`#/${id}/`), id);
    child = await person.nodeOf(page);
    const node = await person.finished(page, child, SECONDS);
    hold(node.state === "finished" && node.parent === id && node.kind === "vary", `the new search is ${node.state}, of ${node.parent}, ${node.kind}: ${node.error}`);
  });
  await step(name, "undo leads back", async () => {
    await page.keyboard.press("Control+z");
    await page.waitForFunction((id) => location.hash === `#/${id}/3/steer`, id);
    hold(await person.serverNode(page, child), "undo removes the search from the history");
  });
  let carried;
  await step(name, "carry away", async () => {
    await person.go(page, `#/${id}/3`, ".stepper");
    await page.click(".actions button >> nth=-2");
    await page.waitForSelector("dialog[open]");
    await shot("carry");
    await accessible("carrying away");
    const picture = await saved(page, "dialog a[href$='candidates/3.png']");
    hold(picture.bytes.subarray(1, 4).toString() === "PNG" && picture.bytes.includes("imagined"), `${picture.name} is no picture that says what it is`);
    const report = await saved(page, "dialog a[href$='report.html']");
    hold(report.bytes.toString().startsWith("<!DOCTYPE html>"), `${report.name} is no report`);
    const session = await saved(page, "dialog a[href$='session.pulse']");
    hold(session.bytes.subarray(0, 12).toString() === "session.json", `${session.name} is no session`);
    carried = session.bytes;
    await page.keyboard.press("Escape");
    return `${picture.name}, ${report.name}, ${session.name}`;
  });
  await step(name, "reload finds everything again", async () => {
    // What is kept is written when nothing else is to be done.
    await page.waitForTimeout(1500);
    await person.go(page, `#/${id}`, ".card");
    await page.reload();
    await ready();
    await page.waitForSelector(".card.starred #card-2");
    hold((await person.session(page)).nodes.length === 2, "a search is missing");
    const again = await page.evaluate((id) => pulse.command(`/nodes/${id}/walks`, { candidate: 1, directions: 1 }), id);
    hold(again.state === "opening", "nothing can be walked from what was kept");
  });
  await step(name, "a session that was carried away opens", async () => {
    const choose = async (buffer) => {
      await person.go(page, "#/", ".drop");
      page.once("dialog", (dialog) => dialog.accept());
      await page.setInputFiles(".drop input", { name: "session.pulse", mimeType: "application/octet-stream", buffer });
    };
    await page.evaluate((id) => pulse.command(`/nodes/${id}/candidates/4/mark`, { star: true }), id);
    const stars = async () => (await person.serverNode(page, id)).candidates.filter((one) => one.star).map((one) => one.number);
    await choose(Buffer.from("no session"));
    await page.waitForSelector(".notice-line.wrong");
    hold(String(await stars()) === "2,4", "what is no session takes the place of one");
    await choose(carried);
    await page.waitForFunction(() => /^#\/n/.test(location.hash));
    await page.waitForSelector(".card img");
    hold(String(await stars()) === "2", "it is the session that was here");
    hold((await person.session(page)).nodes.length === 2, "a search is missing");
    const walk = await page.evaluate((id) => pulse.command(`/nodes/${id}/walks`, { candidate: 2, directions: 1 }), id);
    hold(walk.state === "opening", "nothing can be walked from what was opened");
    await page.waitForTimeout(1500);
    await page.reload();
    await ready();
    hold(String(await stars()) === "2", "it is not kept");
  });
  if (!at.isPhone) {
    await step(name, "another generator is fetched when it is chosen", async () => {
      await person.go(page, "#/", ".drop");
      await person.drop(page);
      await page.waitForSelector(".prepare h1");
      await page.click(".options summary");
      await page.selectOption(".options .field select", "galaxies");
      await page.click(".choice label:has-text('4')");
      const other = await person.search(page);
      const node = await person.finished(page, other, SECONDS);
      hold(node.state === "finished" && node.generator === "galaxies", `the search is ${node.state}: ${node.error}`);
      const fetched = server.asked.filter((asked) => asked.endsWith(".safetensors"));
      hold(fetched.length === 1 && fetched[0].includes("galaxies"), `it fetched ${fetched}`);
      await shot("galaxies");
    });
    await step(name, "two pages", async () => {
      const other = await at.open(server.address);
      await other.waitForFunction(() => globalThis.pulse);
      hold(await other.evaluate(() => !pulse.isKept()), "two pages keep one session");
      await other.close();
    });
  }
  await step(name, "forget", async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await shot("help");
    await accessible("help");
    page.once("dialog", (dialog) => dialog.accept());
    await page.click("dialog .settings button:last-child");
    await page.waitForSelector(".drop");
    await page.waitForFunction(() => globalThis.pulse);
    const { nodes, pictures } = await person.session(page);
    hold(nodes.length === 0 && pictures.length === 0, "something is still known");
  });
  await step(name, "quiet, and nothing asked for outside of the folder", async () => {
    hold(server.wrong.length === 0, server.wrong.join(" | "));
    hold(at.faults.length === 0, [...new Set(at.faults)].slice(0, 6).join(" | "));
    return `${new Set(server.asked).size} files`;
  });
  await at.context.close();
  server.end();
}

for (const name of option("--seat") ? [option("--seat")] : ["desktop", "phone"]) await sit(name);
await chromium.close();
conclude();
