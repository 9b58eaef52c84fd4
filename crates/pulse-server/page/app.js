// The page begins here: lets itself in, reads the session, and draws whatever the address names.
import { html, render, useEffect, useErrorBoundary, useState } from "./vendor/htm-preact.js";
import { BackendError, server } from "./backend.js";
import { createStore } from "./state.js";
import { createUndo } from "./undo.js";
import { go, read, to } from "./route.js";
import { speak, t } from "./words.js";
import { App } from "./ui/controls.js";
import { setTheme, theme } from "./ui/theme.js";
import { Shell } from "./parts/shell.js";
import { Start } from "./parts/start.js";
import { Gallery } from "./parts/gallery.js";

// What is not needed to begin is fetched when it is first gone to.
const LATER = {
  prepare: () => import("./parts/prepare.js"),
  candidate: () => import("./parts/candidate.js"),
  walk: () => import("./parts/walk.js"),
  path: () => import("./parts/walk.js"),
  steer: () => import("./parts/steer.js"),
  tree: () => import("./parts/tree.js"),
  agree: () => import("./parts/agree.js"),
  compare: () => import("./parts/compare.js"),
};
const loaded = { start: Start, gallery: Gallery };

/** On a narrow window the history lies over the rest, and is only there when it is asked for. */
const isNarrow = () => matchMedia("(max-width: 60rem)").matches;

function createApp(backend) {
  const store = createStore(backend);
  const app = { store, backend: store.backend, notices: [], showsHistory: !isNarrow() && localStorage.getItem("pulse.history") !== "off", dialog: null };
  let redraw = () => {};
  app.onDraw = (draw) => (redraw = draw);
  app.draw = () => redraw();
  app.say = (words) => note({ words, kind: "said" }, 5000);
  app.complain = (words) => note({ words, kind: "wrong" }, 20000);
  const note = (notice, time) => {
    // The last thing said takes the place of the one before; what went wrong stays until it was read.
    app.notices = [...app.notices.filter((other) => other.words !== notice.words && other.kind === "wrong"), notice].slice(-3);
    setTimeout(() => app.forget(notice), time);
    redraw();
  };
  app.forget = (notice) => {
    app.notices = app.notices.filter((other) => other !== notice);
    redraw();
  };
  /** Does it, and says what went wrong if it cannot be done. */
  app.act = async (doing) => {
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      // Something newer was asked for meanwhile: nothing that a person has to know.
      if (error.kind === "superseded") return undefined;
      app.complain(error.kind === "lost" ? t("lost") : error.message);
      return undefined;
    }
  };
  app.open = (dialog) => {
    app.dialog = dialog;
    redraw();
  };
  app.toggleHistory = () => {
    app.showsHistory = !app.showsHistory;
    if (!isNarrow()) localStorage.setItem("pulse.history", app.showsHistory ? "on" : "off");
    redraw();
  };
  app.undo = createUndo({ store, say: app.say, t });
  /** Asks for a search and goes to it. */
  app.search = async (path, body) => {
    const before = location.hash;
    const node = await app.act(() => app.backend.command(path, body));
    if (!node) return undefined;
    store.apply("node", node);
    app.undo.did({ kind: "search", before, after: to.node(node.id) });
    go(to.node(node.id));
    return node;
  };
  /** Stars or rates a candidate. */
  app.mark = async (node, candidate, after) => {
    const before = { star: candidate.star, rating: candidate.rating };
    const full = { ...before, ...after };
    const answer = await app.act(() => app.backend.command(`/nodes/${node.id}/candidates/${candidate.number}/mark`, full));
    if (!answer) return;
    app.undo.did({ kind: "mark", node: node.id, number: candidate.number, before, after: full, at: location.hash });
    store.apply("candidate", { node: node.id, candidate: answer });
  };
  app.language = async (code) => {
    await speak(code);
    redraw();
  };
  return app;
}

function Page({ app }) {
  const [, count] = useState(0);
  const [place, setPlace] = useState(read());
  const [error] = useErrorBoundary((fault) => console.error(fault));
  useEffect(() => {
    const draw = () => count((before) => before + 1);
    app.onDraw(draw);
    const moved = () => {
      if (isNarrow()) app.showsHistory = false;
      setPlace(read());
    };
    addEventListener("hashchange", moved);
    const unwatch = app.store.watch(draw);
    return () => {
      unwatch();
      removeEventListener("hashchange", moved);
    };
  }, []);
  useEffect(() => {
    if (loaded[place.screen]) return;
    LATER[place.screen]().then((module) => {
      loaded[place.screen] = module.default;
      count((before) => before + 1);
    });
  }, [place.screen]);
  useEffect(() => scrollTo(0, 0), [place.screen, place.node]);
  if (error) return html`<main class="alone"><h1>${t("broken")}</h1><p><a href="#/" onClick=${() => location.reload()}>${t("again")}</a></p></main>`;
  const Screen = loaded[place.screen];
  return html`<${App.Provider} value=${app}><${Shell} place=${place}>${Screen ? html`<${Screen} key=${place.screen} place=${place} />` : html`<div
    class="waiting" role="status">${t("loading")}</div>`}<//><//>`;
}

/** Whoever computes: the server of this page, or, where the page says that there is none, a worker. */
async function computing(root) {
  if (document.querySelector('meta[name="pulse"]')?.content !== "alone") return server();
  const { alone } = await import("./alone/backend.js");
  const wait = (share) => render(html`<main class="alone"><h1>PULSE</h1><p>${t("alone.loading")}</p><progress value=${share}
    aria-label=${t("progress")}></progress></main>`, root);
  wait(0);
  return alone(wait);
}

async function begin() {
  const root = document.getElementById("app");
  setTheme(theme());
  await speak();
  const app = createApp(await computing(root));
  const token = location.hash.match(/^#token=([\w-]+)$/);
  if (token) history.replaceState(null, "", location.pathname);
  try {
    if (token) await app.backend.enter(token[1]);
    await app.store.load();
  } catch (error) {
    const isShut = error.status === 401 || error.status === 403;
    render(html`<main class="alone"><h1>PULSE</h1><p>${isShut ? t("shut") : t("lost")}</p></main>`, root);
    return;
  }
  app.store.listen();
  // Without a server, whoever would use its interface calls this page's own: `await pulse.command("/searches", {…})`.
  if (app.backend.isAlone) globalThis.pulse = app.backend;
  render(null, root);
  render(html`<${Page} app=${app} />`, root);
  performance.mark("interactive");
}

begin();
