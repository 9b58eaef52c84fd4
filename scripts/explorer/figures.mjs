// The figures that the page promises: many candidates scrolled, and what a direction's frame takes.
import { hold, seat } from "./browser.mjs";
import { frames, quantile, scrolling } from "./measure.mjs";
import * as person from "./person.mjs";

const MANY = 500;

const post = (page, path, body) =>
  page.evaluate(async ({ path, body }) => {
    const answer = await fetch(`api/v1${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.error.message);
    return data;
  }, { path, body });

export async function measured({ chromium, serve, results }) {
  const server = await serve();
  const at = await seat(chromium, "desktop", server.address);
  const page = await at.open();
  await person.drop(page);
  await page.waitForSelector(".prepare h1");
  const [picture] = (await person.session(page)).pictures;
  const asked = { picture: picture.id, generator: "faces", measurement: null, sigma: null, spread: false, seed: 1, sampler: null };
  const few = await post(page, "/searches", { ...asked, candidates: 4, steps: null });
  await person.finished(page, few.id);
  await person.go(page, `#/${few.id}/1/walk`, ".directions li");
  const walk = (await person.session(page)).walks[0];
  const times = await frames(page, walk.id, walk.directions.map((direction) => direction.index));
  results["a direction's frame, median, ms"] = quantile(times, 0.5);
  results["a direction's frame, 95 of 100, ms"] = quantile(times, 0.95);

  const many = await post(page, "/searches", { ...asked, candidates: MANY, steps: 8 });
  await person.go(page, `#/${many.id}`, ".masthead");
  await person.finished(page, many.id, 600);
  await page.waitForSelector(".card");
  for (const pass of ["first", "second"]) {
    const { times, cards, height } = await scrolling(page);
    results[`${MANY} candidates, scrolled for the ${pass} time: frame median, ms`] = quantile(times, 0.5);
    results[`${MANY} candidates, scrolled for the ${pass} time: frame 95 of 100, ms`] = quantile(times, 0.95);
    results[`${MANY} candidates, scrolled for the ${pass} time: longest frame, ms`] = Math.max(...times);
    hold(cards < 120, `${cards} cards exist of ${MANY}`);
    hold(height > 5000, `the gallery is only ${height} high`);
  }
  const begun = Date.now();
  await page.selectOption("#order", "db");
  await page.waitForFunction(() => document.querySelector("#order").value === "db");
  results[`${MANY} candidates, sorted, ms`] = Date.now() - begun;
  hold(at.faults.length === 0, at.faults.join(" | "));
  await at.context.close();
  server.end();
}
