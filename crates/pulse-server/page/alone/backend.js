// The program in a worker of this page, behind the same functions as a server.
import { BackendError } from "../backend.js";

/** What a link into the interface begins with. No server answers there: the worker does, when one is clicked. */
const API = "/api/v1";
const LINK = /^\/?api\/v1(\/.*)$/;

/** As many pictures are at hand, as addresses that an image can show; the worker gives others again. */
const MOST_PICTURES = 3000;

/** An image of nothing, until the one that was asked for is there. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

/**
 * @param {(share: number) => void} onProgress  how much of the program is there, from 0 to 1
 * @returns {import("../backend.js").Backend}
 */
export function alone(onProgress) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const waiting = new Map();
  const shown = new Map();
  const early = [];
  let asked = 0;
  let hear = null;
  let isKept = true;
  let fault = null;

  const tell = (kind, data) => (hear ? hear.handle(kind, data) : early.push([kind, data]));

  const show = (key, png) => {
    if (!shown.has(key)) shown.set(key, URL.createObjectURL(new Blob([png], { type: "image/png" })));
    while (shown.size > MOST_PICTURES) {
      const [oldest, address] = shown.entries().next().value;
      shown.delete(oldest);
      URL.revokeObjectURL(address);
      worker.postMessage({ forgotten: oldest });
    }
  };

  const broke = (message) => {
    fault = message;
    console.error(message);
    for (const { reject } of waiting.values()) reject(new BackendError("lost", "", 0));
    waiting.clear();
    hear?.lost(true);
  };

  worker.addEventListener("error", (event) => broke(event.message ?? "the worker could not be loaded"));
  worker.addEventListener("message", ({ data }) => {
    if (data.loaded !== undefined) return onProgress(data.loaded);
    if (data.fault) return broke(data.fault);
    if ("fetching" in data) return tell("fetching", data.fetching);
    if (data.kept !== undefined) isKept = data.kept;
    for (const [key, png] of data.pictures ?? []) show(key, png);
    for (const one of data.said ?? []) {
      if (one.event) tell(one.event, JSON.parse(one.text));
      else {
        waiting.get(one.answer)?.resolve(one);
        waiting.delete(one.answer);
      }
    }
    return undefined;
  });

  const ask = (method, path, kind, body) =>
    new Promise((resolve, reject) => {
      if (fault) return reject(new BackendError("lost", "", 0));
      waiting.set(++asked, { resolve, reject });
      worker.postMessage({ number: asked, method, path, kind, body });
      return undefined;
    });

  /** The answer's JSON, or what went wrong. */
  const data = async (...request) => {
    const { status, text } = await ask(...request);
    const said = text ? JSON.parse(text) : {};
    if (status < 400) return said;
    throw new BackendError(said.error?.kind ?? "unknown", said.error?.message ?? `${status}`, status);
  };

  /** What is not at hand is asked for, and drawn when it is there. */
  const address = (key, path) => {
    const found = shown.get(key);
    if (found === NOTHING) return NOTHING;
    shown.delete(key);
    shown.set(key, found ?? NOTHING);
    if (found) return found;
    ask("GET", path).then(({ status, bytes }) => {
      shown.delete(key);
      if (status < 400) show(key, bytes);
      tell("drawn", {});
    }, () => {});
    return NOTHING;
  };

  const save = async (path) => {
    const { status, bytes, kind, name } = await ask("GET", path);
    if (status >= 400) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: kind }));
    link.download = name ?? path.split("/").slice(-2).join("-");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  addEventListener("click", (event) => {
    const path = event.target.closest?.("a[href]")?.getAttribute("href").match(LINK)?.[1];
    if (!path) return;
    event.preventDefault();
    save(`${API}${path}`).catch(() => {});
  });

  return {
    isAlone: true,
    isKept: () => isKept,
    /** Forgets all that the browser has kept of the session. */
    forget: () => {
      worker.postMessage({ forget: true });
      return new Promise((done) => worker.addEventListener("message", ({ data }) => data.isForgotten && done()));
    },
    /** Opens a session that was carried away, in the place of this one. */
    openSession: async (file) => {
      const brought = await file.arrayBuffer();
      const answer = new Promise((done) => {
        const hear = ({ data }) => {
          if (data.opened === undefined) return;
          worker.removeEventListener("message", hear);
          done(data);
        };
        worker.addEventListener("message", hear);
      });
      worker.postMessage({ brought }, [brought]);
      const { opened, message } = await answer;
      if (!opened) throw new BackendError("session", message, 400);
      // Nobody answers any more what the session before was asked.
      for (const { reject } of waiting.values()) reject(new BackendError("superseded", "", 409));
      waiting.clear();
    },
    enter: async () => {},
    session: () => data("GET", `${API}/session`),
    events: (after, handle, lost) => {
      hear = { handle, lost };
      early.splice(0).forEach(([kind, what]) => handle(kind, what));
      return () => (hear = null);
    },
    picture: (image) => address(image.key, `/picture/${image.key}.png`),
    difference: (node, number, against) => {
      const path = `${API}/nodes/${node}/difference/${number}?${new URLSearchParams(against)}`;
      return address(path, path);
    },
    download: (node, number) => `api/v1/nodes/${node}/candidates/${number}.png`,
    sessionFile: () => "api/v1/session.pulse",
    upload: async (name, file) => data("POST", `${API}/pictures?name=${encodeURIComponent(name)}`, "application/octet-stream", await file.arrayBuffer()),
    command: (path, body = {}) => data("POST", `${API}${path}`, "application/json", new TextEncoder().encode(JSON.stringify(body)).buffer),
  };
}
