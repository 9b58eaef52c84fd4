// The session's files in the browser's own store, so that a page that is loaded again finds them. One page at a time has them.
import { Directory, File } from "../vendor/wasi/fs_mem.js";

const FILES = "files";

/** How often files are written while a search goes on, in milliseconds. */
const EVERY = 2000;

/**
 * How long the store is waited for, in milliseconds. When a page is loaded again in the midst of a step, the worker of the page that it
 * was still has it for a moment; another page has it for good.
 */
const WAITED = 2500;

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class Kept {
  /** Opens the store of this name. Where there is none, or another page has it, nothing is kept. */
  static async open(name) {
    const kept = new Kept();
    try {
      if (!(await taken(name))) return kept;
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(FILES);
      kept.store = await done(request);
    } catch {
      kept.store = null;
    }
    return kept;
  }

  store = null;
  known = new Map();
  written = 0;
  isWriting = false;
  later = 0;

  get is() {
    return this.store !== null;
  }

  files(mode) {
    return this.store.transaction(FILES, mode).objectStore(FILES);
  }

  /** Puts what was kept into the folder. */
  async read(folder) {
    if (!this.is) return;
    const files = this.files("readonly");
    const [paths, contents] = await Promise.all([done(files.getAllKeys()), done(files.getAll())]);
    paths.forEach((path, place) => {
      const file = new File(contents[place]);
      put(folder, path.split("/"), file);
      this.known.set(path, file.data);
    });
  }

  /** Writes what has changed: at once where nothing else is to be done, now and then otherwise. */
  soon(folder, isIdle) {
    clearTimeout(this.later);
    if (!this.is) return;
    if (isIdle || Date.now() - this.written > EVERY) this.write(folder);
    else this.later = setTimeout(() => this.write(folder), EVERY);
  }

  async write(folder) {
    if (this.isWriting) {
      this.later = setTimeout(() => this.write(folder), EVERY);
      return;
    }
    this.isWriting = true;
    try {
      const now = new Map(all(folder));
      const files = this.files("readwrite");
      for (const [path, data] of now) if (this.known.get(path) !== data) files.put(data, path);
      for (const path of this.known.keys()) if (!now.has(path)) files.delete(path);
      this.known = now;
      await new Promise((finished, failed) => {
        files.transaction.oncomplete = finished;
        files.transaction.onabort = () => failed(files.transaction.error);
      });
    } catch {
      // There is no room, perhaps: the session goes on without being kept.
      this.store = null;
      postMessage({ kept: false });
    }
    this.written = Date.now();
    this.isWriting = false;
  }

  async forget() {
    if (!this.is) return;
    clearTimeout(this.later);
    const files = this.files("readwrite");
    this.store = null;
    await done(files.clear());
  }
}

/** Whether this page has the store, as long as it is open. */
async function taken(name) {
  if (!navigator.locks) return true;
  const signal = AbortSignal.timeout(WAITED);
  return new Promise((answer) => {
    const held = () => {
      answer(true);
      return new Promise(() => {});
    };
    navigator.locks.request(name, { signal }, held).catch(() => answer(false));
  });
}

function put(folder, [name, ...rest], file) {
  if (rest.length === 0) return void folder.contents.set(name, file);
  if (!folder.contents.has(name)) folder.contents.set(name, new Directory(new Map()));
  return put(folder.contents.get(name), rest, file);
}

function* all(folder, above = "") {
  for (const [name, inner] of folder.contents) {
    if (inner instanceof Directory) yield* all(inner, `${above}${name}/`);
    else yield [`${above}${name}`, inner.data];
  }
}
