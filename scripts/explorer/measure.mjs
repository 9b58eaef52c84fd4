// How long things take, as the page feels it.
import { hold } from "./browser.mjs";

const sorted = (times) => [...times].sort((a, b) => a - b);
export const quantile = (times, share) => sorted(times)[Math.min(times.length - 1, Math.floor(share * times.length))];

/** Milliseconds from the beginning of the navigation until the page can be used. */
export const interactive = (page) => page.evaluate(() => performance.getEntriesByName("interactive")[0].startTime);

/** The times between frames while it is scrolled from end to end. */
export async function scrolling(page, seconds = 3) {
  return page.evaluate(async (seconds) => {
    const times = [];
    const end = document.documentElement.scrollHeight - innerHeight;
    let begun = null;
    let last = null;
    await new Promise((done) => {
      const step = (now) => {
        begun ??= now;
        if (last !== null) times.push(now - last);
        last = now;
        const at = (now - begun) / (seconds * 1000);
        scrollTo(0, end * (1 - Math.abs(1 - 2 * at)));
        if (at < 1) requestAnimationFrame(step);
        else done();
      };
      requestAnimationFrame(step);
    });
    return { times, cards: document.querySelectorAll(".card").length, height: document.documentElement.scrollHeight };
  }, seconds);
}

/** What frames of directions take, asked for one after the other. */
export async function frames(page, walk, directions, count = 24) {
  const times = await page.evaluate(async ({ walk, directions, count }) => {
    const times = [];
    for (let place = 0; place < count; place++) {
      // Positions that no one has asked for.
      const at = Math.round((-0.95 + (1.9 * (place * 7 % count)) / count + 0.0131) * 1e4) / 1e4;
      const begun = performance.now();
      const answer = await fetch(`api/v1/walks/${walk}/frame`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ direction: directions[place % directions.length], at }) });
      if (!answer.ok) throw new Error(await answer.text());
      await answer.json();
      times.push(performance.now() - begun);
    }
    return times;
  }, { walk, directions, count });
  hold(times.length === count, "frames are missing");
  return times;
}
