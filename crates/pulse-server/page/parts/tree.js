// A tree of answers: first the few views that differ most, then finer ones inside each.
import { html, useState } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { to } from "../route.js";
import { Icon, Verdict, useApp } from "../ui/controls.js";
import { useKeys } from "../ui/keys.js";
import { Masthead } from "./masthead.js";

/** How many small pictures stand below a branch. */
const INSIDE = 6;

export default function Tree({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const node = store.node(place.node);
  const [path, setPath] = useState([]);
  const up = () => setPath(path.slice(0, -1));
  useKeys({ Backspace: () => (path.length > 0 ? up() : false) });
  if (!node?.tree) return html`<div class="gallery">${node && html`<${Masthead} node=${node} screen="tree" />`}<p class="quiet">${t("tree.none")}</p>
    </div>`;
  // As deep as the path still leads: the tree is another one when candidates were added.
  const trail = [node.tree];
  for (const place of path) {
    const next = trail.at(-1).branches[place];
    if (!next) break;
    trail.push(next);
  }
  const here = trail.at(-1);
  const picture = (number) => store.candidate(node.id, number);
  const branch = (one, place) => {
    const candidate = picture(one.representative);
    if (!candidate) return null;
    const many = one.members.length;
    const inside = one.members.filter((number) => number !== one.representative).slice(0, INSIDE);
    const open = () => setPath([...path.slice(0, trail.length - 1), place]);
    return html`<li key=${one.representative} class="branch">
      ${many > 1 ? html`<button type="button" class="branch-picture" aria-label=${t("tree.open", { n: candidate.number, many })} onClick=${open}><img
        class="pixels" src=${backend.picture(candidate.image)} alt="" /></button>`
      : html`<a class="branch-picture" href=${to.candidate(node.id, candidate.number)} aria-label=${t("candidate", { n: candidate.number })}><img
        class="pixels" src=${backend.picture(candidate.image)} alt="" /></a>`}
      <div class="branch-foot"><a href=${to.candidate(node.id, candidate.number)}>${t("candidate", { n: candidate.number })}</a><span class="quiet">
        ${t("db", { db: figure(candidate.db) })}</span><${Verdict} candidate=${candidate} isShort=${true} /></div>
      ${many > 1 && html`<button type="button" class="inside" onClick=${open}><span class="minis">
        ${inside.map((number) => picture(number) && html`<img key=${number} class="pixels" src=${backend.picture(picture(number).image)} alt=""
        width="28" height="28" />`)}</span><span class="quiet">${t("tree.inside", { n: many - 1 })}<span
        class="visually-hidden"> (${t("candidate", { n: candidate.number })})</span></span></button>`}
    </li>`;
  };
  const list = here.branches.length > 0 ? here.branches : here.members.map((number) => ({ representative: number, members: [number], branches: [] }));
  return html`<div class="gallery">
    <${Masthead} node=${node} screen="tree" />
    <div class="tools tree-trail">
      ${trail.length > 1 && html`<button type="button" onClick=${up}><${Icon} name="up" /> ${t("tree.up")}</button>`}
      <p class="quiet" role="status">
        ${trail.length > 1 ? t("tree.here", { views: list.length, many: here.members.length }) : t("tree.root", { views: list.length, many: here.members.length })}</p>
      ${trail.slice(1).map((one, place) => picture(one.representative) && html`<button type="button" key=${place} class="crumb"
        aria-label=${t("candidate", { n: one.representative })} onClick=${() => setPath(path.slice(0, place + 1))}><img class="pixels"
        src=${backend.picture(picture(one.representative).image)} alt="" width="36" height="36" /></button>`)}
    </div>
    <ul class="branches">${list.map(branch)}</ul>
  </div>`;
}
