// What the page knows of whoever computes: this is its only door. A worker that computes in the page (`alone/`) stands behind the same
// functions; see `Backend`.

/**
 * @typedef {{key: string, width: number, height: number}} Image
 * @typedef {object} Backend
 * @property {(token: string) => Promise<void>} enter  proves that the page was opened by who started the server
 * @property {() => Promise<object>} session  everything, for a page that has just been opened
 * @property {(after: number, handle: (kind: string, data: any) => void, lost: (is: boolean) => void) => () => void} events
 *   what came after the event of this number, and what comes; returns what ends it
 * @property {(image: Image) => string} picture  the address of a picture
 * @property {(node: string, number: number, against: {with: string, other?: number, node?: string}) => string} difference
 * @property {(node: string, number: number) => string} download  the address of a candidate's file
 * @property {() => string} sessionFile  the address of the whole session's file
 * @property {(path: string, body?: object) => Promise<any>} command  any of the commands of the interface
 * @property {(name: string, bytes: Blob) => Promise<object>} upload
 * @property {boolean} isAlone  whether there is no server
 * @property {() => boolean} [isKept]  of a page alone: whether the browser keeps the session
 * @property {(file: Blob) => Promise<void>} [openSession]  of a page alone: opens a session's file in the place of this one
 * @property {() => Promise<void>} [forget]  of a page alone: what was kept is forgotten
 */

/** What went wrong, in words that can be shown. */
export class BackendError extends Error {
  constructor(kind, message, status) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/**
 * The server that serves this page.
 * @returns {Backend}
 */
export function server(base = "api/v1") {
  const ask = async (path, options = {}) => {
    let answer;
    try {
      answer = await fetch(`${base}${path}`, { credentials: "same-origin", ...options });
    } catch {
      throw new BackendError("lost", "", 0);
    }
    const text = await answer.text();
    let data = {};
    try {
      data = text ? JSON.parse(text) : {};
    } catch {
      data = {};
    }
    if (answer.ok) return data;
    throw new BackendError(data.error?.kind ?? "unknown", data.error?.message ?? `${answer.status} ${answer.statusText}`, answer.status);
  };
  const post = (path, body, type) => ask(path, { method: "POST", headers: { "Content-Type": type }, body });
  const command = (path, body = {}) => post(path, JSON.stringify(body), "application/json");
  return {
    isAlone: false,
    enter: (token) => command("/enter", { token }),
    session: () => ask("/session"),
    events: (after, handle, lost) => listen(`${base}/events`, after, handle, lost),
    picture: (image) => `picture/${image.key}.png`,
    difference: (node, number, against) => `${base}/nodes/${node}/difference/${number}?${new URLSearchParams(against)}`,
    download: (node, number) => `${base}/nodes/${node}/candidates/${number}.png`,
    sessionFile: () => `${base}/session.pulse`,
    upload: (name, bytes) => post(`/pictures?name=${encodeURIComponent(name)}`, bytes, "application/octet-stream"),
    command,
  };
}

const KINDS = ["picture", "node", "candidate", "walk", "frame", "queue", "removed", "reset", "end"];

/** One stream for all that happens. The browser reconnects by itself, and says what it heard last. */
function listen(address, after, handle, lost) {
  let source;
  let again;
  const open = () => {
    source = new EventSource(`${address}?after=${after}`);
    for (const kind of KINDS) source.addEventListener(kind, (event) => handle(kind, JSON.parse(event.data)));
    source.addEventListener("open", () => lost(false));
    source.addEventListener("error", () => {
      lost(true);
      // A refusal closes the stream for good; what was missed meanwhile is read again as a whole.
      if (source.readyState === EventSource.CLOSED) {
        again = setTimeout(() => {
          open();
          handle("reset", {});
        }, 2000);
      }
    });
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
