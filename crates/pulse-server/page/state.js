// The session as the page knows it: read once, then kept by events.

/** What a node has only by other events. */
const KEPT_OF_NODE = ["candidates"];
const KEPT_OF_WALK = ["frames"];

/**
 * @param {import("./backend.js").Backend} backend
 */
export function createStore(backend) {
  const store = { session: null, lost: false, ended: false, fetching: null, backend };
  const watchers = new Set();
  let due = false;

  // Many events come at once while candidates are searched; the page is drawn at most once a frame. A page in the background gets no
  // frames, so a timer stands by.
  const changed = () => {
    if (due) return;
    due = true;
    const draw = () => {
      if (!due) return;
      due = false;
      watchers.forEach((watch) => watch());
    };
    requestAnimationFrame(draw);
    setTimeout(draw, 120);
  };

  const put = (list, item, kept = []) => {
    const place = list.findIndex((other) => other.id === item.id);
    if (place < 0) {
      list.push({ ...Object.fromEntries(kept.map((key) => [key, []])), ...item });
    } else {
      const before = list[place];
      const saved = Object.fromEntries(kept.filter((key) => !item[key]?.length).map((key) => [key, before[key]]));
      Object.assign(before, item, saved);
    }
  };

  const apply = (kind, data) => {
    const session = store.session;
    if (kind === "reset") return void load().catch(() => {});
    if (kind === "end") {
      store.ended = true;
      return changed();
    }
    if (kind === "fetching") store.fetching = data;
    if (!session) return;
    if (kind === "picture") put(session.pictures, data);
    if (kind === "node") put(session.nodes, data, KEPT_OF_NODE);
    if (kind === "walk") put(session.walks, data, KEPT_OF_WALK);
    if (kind === "queue") session.queue = data;
    if (kind === "candidate") putCandidate(data.node, data.candidate);
    if (kind === "frame") putFrame(data.walk, data.frame);
    if (kind === "removed") {
      session.nodes = session.nodes.filter((node) => node.id !== data.node);
      session.pictures = session.pictures.filter((picture) => picture.id !== data.picture);
      session.walks = session.walks.filter((walk) => walk.id !== data.walk && walk.node !== data.node);
    }
    changed();
  };

  const putCandidate = (id, candidate) => {
    const node = store.node(id);
    if (!node) return;
    const place = node.candidates.findIndex((other) => other.number === candidate.number);
    if (place < 0) node.candidates.push(candidate);
    else node.candidates[place] = candidate;
  };

  const putFrame = (id, frame) => {
    const walk = store.walk(id);
    if (!walk) return;
    const same = (other) => other.direction === frame.direction && Math.abs(other.at - frame.at) < 1e-6;
    const place = walk.frames.findIndex(same);
    if (place < 0) walk.frames.push(frame);
    else walk.frames[place] = frame;
  };

  const load = async () => {
    store.session = await backend.session();
    for (const node of store.session.nodes) node.candidates ??= [];
    for (const walk of store.session.walks) walk.frames ??= [];
    changed();
  };

  store.picture = (id) => store.session?.pictures.find((picture) => picture.id === id);
  store.node = (id) => store.session?.nodes.find((node) => node.id === id);
  store.walk = (id) => store.session?.walks.find((walk) => walk.id === id);
  store.generator = (id) => store.session?.generators.find((generator) => generator.id === id);
  store.candidate = (id, number) => store.node(id)?.candidates.find((candidate) => candidate.number === number);
  store.apply = apply;
  store.load = load;
  store.watch = (watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  };
  store.listen = () =>
    backend.events(store.session.sequence, apply, (is) => {
      // After a pause anything may have happened that the stream does not remember.
      if (store.lost && !is) load().catch(() => {});
      store.lost = is;
      changed();
    });
  return store;
}

/** Whether a node is still being worked at. */
export const isBusy = (node) => ["queued", "preparing", "searching", "judging"].includes(node.state);

/** The verdict's place between trust and none, whatever name the server gives it. */
export function rank(verdict) {
  if (verdict === "known" || verdict === "own") return "good";
  if (verdict === "stretched" || verdict === "weaker") return "fair";
  return verdict ? "bad" : "none";
}

/** How a node is called when it was given no name: by what was asked, and of which picture. */
export const pictureName = (store, node) => store.picture(node.picture)?.name ?? "";
