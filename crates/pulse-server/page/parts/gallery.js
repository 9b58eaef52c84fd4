// All candidates of a node, while they are searched and after.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { figure, language, t } from "../words.js";
import { go, to } from "../route.js";
import { isBusy } from "../state.js";
import { Choice, IconButton, Verdict, useApp } from "../ui/controls.js";
import { Grid } from "../ui/grid.js";
import { FILTERS, isShown, orders, scoreName, sorted } from "../ui/order.js";
import { useKeys } from "../ui/keys.js";
import { Masthead } from "./masthead.js";

const SIZES = { small: 104, medium: 150, large: 240 };
/** How the gallery was looked at last: it is the same when one comes back. */
const look = { order: "number", filter: "all", size: localStorage.getItem("pulse.size") ?? "medium", focus: {} };

/** The candidates in the order and the choice of the gallery, for whoever steps through them. */
export const listed = (node) => sorted(node.candidates.filter((candidate) => isShown(candidate, look.filter)), look.order);

export function Gallery({ place }) {
  const app = useApp();
  const { store } = app;
  const node = store.node(place.node);
  const [, again] = useState(0);
  const [reveal, setReveal] = useState();
  const columns = useRef(1);
  const set = (change) => {
    Object.assign(look, change);
    again((count) => count + 1);
  };
  useEffect(() => {
    const number = look.focus[place.node];
    if (number && node) setReveal(listed(node).findIndex((candidate) => candidate.number === number));
  }, [place.node]);
  const focusOn = (at, list) => {
    const next = Math.min(Math.max(at, 0), list.length - 1);
    if (!list[next]) return;
    look.focus[node.id] = list[next].number;
    setReveal(next);
    // It may have to come into being first.
    requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(`card-${list[next].number}`)?.focus({ preventScroll: true })));
  };
  const current = () => Number(document.activeElement?.dataset?.number ?? 0);
  const step = (by) => () => {
    const list = listed(node);
    const at = list.findIndex((candidate) => candidate.number === current());
    focusOn(at < 0 ? 0 : at + by(), list);
  };
  const marked = (change) => () => {
    const candidate = store.candidate(node?.id, current());
    if (!candidate) return false;
    app.mark(node, candidate, change(candidate));
    return undefined;
  };
  const rate = (rating) => marked(() => ({ rating }));
  const command = (path, body) => app.act(() => app.backend.command(`/nodes/${node.id}/${path}`, body));
  useKeys(node ? {
    ArrowRight: step(() => 1), ArrowLeft: step(() => -1), ArrowDown: step(() => columns.current), ArrowUp: step(() => -columns.current),
    s: marked((candidate) => ({ star: !candidate.star })), 0: rate(0), 1: rate(1), 2: rate(2), 3: rate(3), 4: rate(4), 5: rate(5),
    m: () => (isBusy(node) ? false : void command("more", { candidates: 8 })),
    ".": () => (isBusy(node) ? void command("stop") : false),
    t: () => (node.tree ? go(to.part(node.id, "tree")) : false),
  } : {});
  if (!node) return html`<div class="start"><h1>${t("gone.node")}</h1><a class="button" href="#/">${t("new")}</a></div>`;
  const list = listed(node);
  const all = orders(node.candidates);
  const aspect = list[0]?.image ? list[0].image.width / list[0].image.height : 1;
  return html`<div class="gallery">
    <${Masthead} node=${node} screen="gallery" />
    ${node.candidates.length > 1 && html`<div class="tools" role="group" aria-label=${t("tools")}>
      <label class="inline"><span>${t("sort")}</span><select id="order" value=${look.order} onChange=${(event) => set({ order: event.target.value })}>
        ${all.map(([key, words]) => html`<option key=${key} value=${key}>${words}</option>`)}</select></label>
      <label class="inline"><span>${t("filter")}</span><select id="filter" value=${look.filter}
        onChange=${(event) => set({ filter: event.target.value })}>${FILTERS.map((key) => html`<option key=${key} value=${key}>
        ${t(`filter.${key}`)}</option>`)}</select></label>
      <${Choice} name="size" label=${t("size")} value=${look.size} onChange=${(size) => { localStorage.setItem("pulse.size", size); set({ size }); }}
        options=${Object.keys(SIZES).map((key) => [key, t(`size.${key}`)])} />
      <span class="quiet" role="status">
        ${look.filter === "all" ? t("sorted", { by: scoreName(look.order) }) : t("shown", { n: list.length, of: node.candidates.length })}</span>
    </div>`}
    ${list.length > 0 && html`<${Grid} items=${list} least=${innerWidth < 560 ? Math.min(SIZES[look.size], 150) : SIZES[look.size]} aspect=${aspect}
      foot=${54} label=${t("candidates")} keyOf=${(candidate) => candidate.number} stamp=${`${node.id}/${look.order}/${language()}`}
      reveal=${reveal} onColumns=${(count) => (columns.current = count)}
      draw=${(candidate, at) => html`<${Card} node=${node} candidate=${candidate} by=${look.order} isFirst=${at === 0} />`} />`}
    ${list.length === 0 && node.candidates.length > 0 && html`<p class="quiet">${t("filter.none")}</p>`}
    ${node.candidates.length === 0 && isBusy(node) && html`<ul class="ghosts" aria-hidden="true">
      ${Array.from({ length: Math.min(node.request?.candidates ?? 8, 24) }, (_, at) => html`<li key=${at}></li>`)}</ul>`}
  </div>`;
}

/** How a candidate is read aloud. */
export const spoken = (candidate) =>
  [t("candidate", { n: candidate.number }), candidate.db ? t("db", { db: figure(candidate.db, 1) }) : "", candidate.state === "searching" ? t("verdict.searching") : candidate.verdict_words, candidate.star ? t("starred") : "", candidate.rating > 0 ? t("rated", { n: candidate.rating }) : ""].filter(Boolean).join(", ");

function Card({ node, candidate, by }) {
  const app = useApp();
  const score = candidate.scores?.[by];
  return html`<article class=${`card${candidate.state === "searching" ? " searching" : ""}${candidate.star ? " starred" : ""}`}>
    <a id=${`card-${candidate.number}`} data-number=${candidate.number} href=${to.candidate(node.id, candidate.number)}
      aria-label=${spoken(candidate)} onFocus=${() => (look.focus[node.id] = candidate.number)}>
      ${candidate.image ? html`<img class="pixels" src=${app.backend.picture(candidate.image)} alt="" draggable=${false} />` : html`<span
        class="blank"></span>`}
    </a>
    <div class="card-foot">
      <span class="number">${candidate.number}</span>
      <span class="db">${!(candidate.db > -900) ? "" : t("db", { db: figure(candidate.db) })}</span>
      <${IconButton} icon="star" filled=${candidate.star} class="icon-button star" pressed=${candidate.star}
        label=${t("star.label", { n: candidate.number })} onClick=${() => app.mark(node, candidate, { star: !candidate.star })} />
      <${Verdict} candidate=${candidate} isShort=${true} />
      <span class="score">${Number.isFinite(score) ? figure(score, Math.abs(score) < 1 ? 3 : 1) : candidate.rating > 0 ? t("rating.short", { n: candidate.rating }) : ""}</span>
    </div>
  </article>`;
}
