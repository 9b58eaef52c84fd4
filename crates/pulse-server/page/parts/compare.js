// Two nodes side by side: what each was asked for, what each found.
import { html } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { to } from "../route.js";
import { Verdict, useApp, useHeading } from "../ui/controls.js";
import { sorted } from "../ui/order.js";
import { found } from "./masthead.js";
import { nodeName } from "./history.js";

/** So many of each are enough to see the difference. */
const MOST = 12;

export default function CompareNodes({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const heading = useHeading(place.nodes.join("/"));
  const nodes = place.nodes.map((id) => store.node(id)).filter(Boolean);
  const column = (node) => html`<section key=${node.id} aria-label=${nodeName(node)}>
    <h2><a href=${to.node(node.id)}>${nodeName(node)}</a></h2>
    <p>${found(node, store.generator(node.generator))}</p>
    ${node.note && html`<p class="note">${node.note}</p>`}
    <div class="compare-maps">
      ${[[node.target, t("given")], [node.mean, t("against.mean")], [node.certainty, t("certainty.over")]].filter(([image]) => image).map(([image, words]) => html`<figure
      key=${words}><img class="pixels" src=${backend.picture(image)} alt=${words} /><figcaption>${words}</figcaption></figure>`)}</div>
    <ul class="compare-cards">${sorted(node.candidates, "rating").slice(0, MOST).map((candidate) => html`<li key=${candidate.number}><a
      href=${to.candidate(node.id, candidate.number)} aria-label=${t("candidate", { n: candidate.number })}><img class="pixels"
      src=${backend.picture(candidate.image)} alt="" /></a><div class="card-foot"><span class="number">${candidate.number}</span><span class="db">
      ${t("db", { db: figure(candidate.db) })}</span><${Verdict} candidate=${candidate} isShort=${true} /></div></li>`)}</ul>
  </section>`;
  return html`<div class="compare"><h1 ref=${heading} tabindex="-1">${t("compare.title")}</h1>${nodes.length < 2 ? html`<p>
    ${t("gone.node")}</p>` : html`<div class="compare-columns">${nodes.map(column)}</div>`}</div>`;
}
