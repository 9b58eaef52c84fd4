// The program as a module, in a worker: takes requests, does a step at a time, says what happens.
import { Directory, ConsoleStdout, File, OpenFile, PreopenDirectory } from "../vendor/wasi/fs_mem.js";
import WASI from "../vendor/wasi/wasi.js";
import { Kept } from "./kept.js";
import { followed } from "./followed.js";

/** The page's folder. */
const ROOT = new URL("../../", import.meta.url);

/** The number of requests that are the worker's own. */
const OWN = 0;

const KEY = /"key":"([0-9a-f]{32})"/g;

let said = [];
const models = new Directory(new Map());
const none = () => new OpenFile(new File(new Uint8Array()));
const complaints = ConsoleStdout.lineBuffered((line) => postMessage({ fault: line }));

/** What a libc that is older than the program's standard library leaves to its host: threads, which there are none of, and links. */
const NOT_SUPPORTED = 58;
const refuse = () => NOT_SUPPORTED;
const env = {
  pthread_attr_init: () => 0, pthread_attr_setstacksize: () => 0, pthread_attr_destroy: () => 0, pthread_create: refuse, pthread_join: refuse,
  pthread_detach: refuse, realpath: () => 0,
};

let module;
/** The program with its session: `program`, `wasi`, and the folder `session` on its disk. */
let running;
let kept;
let beside = [];
const given = new Set();
const nodes = new Map();
const fetches = new Map();

async function begin() {
  const address = new URL("app/pulse.wasm", ROOT);
  const [answer, known] = await Promise.all([fetch(address), fetch(new URL("models/models.json", ROOT))]);
  beside = await known.json();
  const whole = followed(answer, (share) => postMessage({ loaded: share }));
  const [compiled, found] = await Promise.all([WebAssembly.compileStreaming(whole), Kept.open(`pulse ${ROOT.pathname}`)]);
  module = compiled;
  kept = found;
  const session = new Directory(new Map());
  await kept.read(session);
  running = await started(session);
  postMessage({ kept: kept.is });
}

/** Starts the program with this session, or with one that was carried away and is unpacked into it. */
async function started(session, brought) {
  const disk = new Map([["session", session], ["models", models]]);
  if (brought) disk.set("session.pulse", new File(brought));
  const out = new ConsoleStdout((bytes) => said.push(bytes));
  const wasi = new WASI([], [], [none(), out, complaints, new PreopenDirectory("/", disk)], { debug: false });
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport, env });
  wasi.initialize(instance);
  const program = instance.exports;
  if (program.pulse_begin() !== 0) throw new Error(new TextDecoder().decode(joined(said.splice(0))));
  return { program, wasi, session };
}

/** Opens a session that was carried away, in the place of this one; which stays where the other cannot be opened. */
async function open(brought) {
  try {
    running = await started(new Directory(new Map()), new Uint8Array(brought));
  } catch (fault) {
    return postMessage({ opened: false, message: fault.message ?? String(fault) });
  }
  nodes.clear();
  return postMessage({ opened: true });
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What the program says while it does something: heads of JSON, each with its body. */
function heard(doing) {
  const did = doing();
  const bytes = joined(said.splice(0));
  const all = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(at, end)));
    at = end + 1 + head.length;
    all.push({ ...head, bytes: bytes.slice(end + 1, at) });
  }
  return { did, all };
}

function ask({ number, method, path, kind, body }) {
  const head = new TextEncoder().encode(`${JSON.stringify({ number, method, path, kind })}\n`);
  running.wasi.fds[0] = new OpenFile(new File(joined([head, new Uint8Array(body ?? 0)])));
  return heard(() => running.program.pulse_ask()).all;
}

/** Hands on what was said, with the pictures that it speaks of and that were not given before. */
function tell(all) {
  const pictures = [];
  const out = [];
  for (let place = 0; place < all.length; place++) {
    const { bytes, length: _, ...one } = all[place];
    if (one.event || one.kind === "application/json") {
      one.text = new TextDecoder().decode(bytes);
      const data = JSON.parse(one.text);
      if (one.event === "node") note(data);
      else data.nodes?.forEach(note);
      for (const [, key] of one.text.matchAll(KEY)) {
        if (given.has(key)) continue;
        given.add(key);
        for (const other of ask({ number: OWN, method: "GET", path: `/picture/${key}.png` })) {
          if (other.answer !== OWN) all.push(other);
          else if (other.status === 200) pictures.push([key, other.bytes.buffer]);
        }
      }
    } else {
      one.bytes = bytes.buffer;
    }
    out.push(one);
  }
  if (out.length === 0) return;
  const moved = [...pictures.map(([, png]) => png), ...out.map((one) => one.bytes).filter(Boolean)];
  postMessage({ pictures, said: out }, moved);
}

/** Which generator a node was searched with. */
const note = (node) => nodes.set(node.id, node.generator);

/** The generator that a request needs and that is not here yet. */
function missing({ path, kind, body }) {
  const of = path.match(/^\/api\/v1\/nodes\/(n\d+)\//)?.[1];
  const sent = kind === "application/json" ? JSON.parse(new TextDecoder().decode(body)).generator : undefined;
  const wanted = sent ?? nodes.get(of);
  return beside.find((one) => one.generator === wanted && !models.contents.has(one.file));
}

/** Fetches a generator, once however often it is asked for. */
function fetched({ file, bytes, generator }) {
  if (!fetches.has(file)) {
    const tellShare = (share) => postMessage({ fetching: share < 1 ? { name: generator, share } : null });
    const doing = async () => {
      const answer = await fetch(new URL(`models/${file}`, ROOT));
      if (!answer.ok) return;
      models.contents.set(file, new File(await followed(answer, tellShare, bytes).arrayBuffer()));
    };
    fetches.set(file, doing().catch(() => {}).finally(() => {
      tellShare(1);
      fetches.delete(file);
    }));
  }
  return fetches.get(file);
}

/** Gives way to whatever else the worker was sent. */
const channel = new MessageChannel();
const giveWay = () =>
  new Promise((resume) => {
    channel.port1.onmessage = resume;
    channel.port2.postMessage(0);
  });

let isWorking = false;
async function work() {
  if (isWorking) return;
  isWorking = true;
  for (;;) {
    const { did, all } = heard(() => running.program.pulse_turn());
    tell(all);
    kept.soon(running.session, did === 0);
    if (did === 0) break;
    await giveWay();
  }
  isWorking = false;
}

const begun = begin();

/** Nothing goes on after a fault: the memory of the program may be damaged. */
const orFault = (doing) => doing().catch((fault) => postMessage({ fault: fault.message ?? String(fault) }));

addEventListener("message", ({ data }) =>
  orFault(async () => {
    await begun;
    if (data.forgotten) return void given.delete(data.forgotten);
    if (data.forget) {
      await kept.forget();
      return postMessage({ isForgotten: true });
    }
    if (data.brought) {
      await open(data.brought);
      return work();
    }
    const needed = missing(data);
    if (needed) await fetched(needed);
    tell(ask(data));
    return work();
  }),
);
orFault(() => begun);
