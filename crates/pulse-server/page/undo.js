// What was done, so that it can be taken back: going somewhere, stars and ratings, names. A search is not taken back (it stays in
// the history); one only goes back to where it was asked for.
import { go } from "./route.js";

const KEPT = "pulse.undo";
const MOST = 200;

/** @param {{backend: import("./backend.js").Backend, say: (words: string) => void, t: Function}} app */
export function createUndo({ store, say, t }) {
  let { done = [], undone = [] } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  const keep = () => sessionStorage.setItem(KEPT, JSON.stringify({ done, undone }));

  const perform = async (entry, state) => {
    if (entry.kind === "search") return go(state);
    if (entry.kind === "mark") {
      await store.backend.command(`/nodes/${entry.node}/candidates/${entry.number}/mark`, state);
      return go(entry.at);
    }
    await store.backend.command(`/nodes/${entry.node}/edit`, state);
  };
  const move = async (from, onto, side, words) => {
    const entry = from.pop();
    if (!entry) return say(t(`${words}.nothing`));
    onto.push(entry);
    keep();
    await perform(entry, entry[side]);
    say(t(words, { what: t(`undo.${entry.kind}`) }));
  };
  return {
    /** @param {{kind: "search"|"mark"|"edit", before: any, after: any}} entry */
    did(entry) {
      done.push(entry);
      done = done.slice(-MOST);
      undone = [];
      keep();
    },
    /** Nothing of it is there any more. */
    clear() {
      done = [];
      undone = [];
      keep();
    },
    undo: () => move(done, undone, "before", "undo.done"),
    redo: () => move(undone, done, "after", "redo.done"),
    can: () => ({ undo: done.length > 0, redo: undone.length > 0 }),
  };
}
