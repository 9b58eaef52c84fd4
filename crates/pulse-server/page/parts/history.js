// The tree of everything that was done: go back to any of it, and branch from there.
import { html, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { go, to } from "../route.js";
import { isBusy, pictureName } from "../state.js";
import { Dialog, Icon, IconButton, useApp } from "../ui/controls.js";

/** The nodes as a tree in the order in which they were made: [{node, depth}]. */
export function ordered(nodes) {
  const known = new Set(nodes.map((node) => node.id));
  const list = [];
  const add = (parent, depth) => {
    for (const node of nodes) {
      if ((known.has(node.parent) ? node.parent : null) !== parent) continue;
      list.push({ node, depth });
      add(node.id, depth + 1);
    }
  };
  add(null, 0);
  return list;
}

/** What stands for a node: the candidate that is kept, or the best rated, or the first. */
export function face(node) {
  const best = [...node.candidates].sort((a, b) => b.star - a.star || (b.rating ?? 0) - (a.rating ?? 0) || a.number - b.number)[0];
  return best?.image ?? node.target;
}

export const nodeName = (node) => node.name || t(`kind.${node.kind}`, { from: node.from_candidates?.[0] });

export function History({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const [compared, setCompared] = useState([]);
  const [edited, setEdited] = useState(null);
  const toggle = (id) => setCompared((before) => (before.includes(id) ? before.filter((other) => other !== id) : [...before, id].slice(-2)));
  const remove = (node) => app.act(() => backend.command(`/nodes/${node.id}/remove`));
  const item = ({ node, depth }) => {
    const kept = node.candidates.filter((candidate) => candidate.star).length;
    const image = face(node);
    const isHere = place.node === node.id;
    return html`<li key=${node.id} class=${`past${isHere ? " here" : ""}`} style=${{ "--depth": Math.min(depth, 5) }}>
      <a href=${to.node(node.id)} aria-current=${isHere ? "true" : undefined}>
        ${image ? html`<img class="pixels" src=${backend.picture(image)} alt="" width="40" height="40" />` : html`<span class="blank"></span>`}
        <span class="past-words"><span class="past-name">${nodeName(node)}</span>
        <span class="quiet">${isBusy(node) ? t(`state.${node.state}`) : node.kind === "search" ? pictureName(store, node) : t("count", { n: node.candidates.length })}${kept > 0 ? t("history.kept", { n: kept }) : ""}</span>
          </span>
      </a>
      ${isBusy(node) && html`<progress class="thin" max="1" value=${node.progress?.done ?? 0} aria-label=${t("progress")}></progress>`}
      ${isHere && html`<div class="past-tools">
        <${IconButton} icon="edit" label=${t("history.rename")} onClick=${() => setEdited(node)} />
        <${IconButton} icon="trash" label=${t("history.remove")} onClick=${() => remove(node)} />
        <label class="check"><input type="checkbox" checked=${compared.includes(node.id)}
          onChange=${() => toggle(node.id)} /> ${t("history.compare")}</label>
      </div>`}
      ${!isHere && compared.length > 0 && html`<div class="past-tools"><label class="check"><input type="checkbox"
        checked=${compared.includes(node.id)} onChange=${() => toggle(node.id)} /> ${t("history.compare")}</label></div>`}
    </li>`;
  };
  return html`<aside class="rail" aria-labelledby="history-heading">
    <div class="rail-head"><h2 id="history-heading">${t("history")}</h2><${IconButton} icon="close" label=${t("history.hide")} hint="h"
      onClick=${() => app.toggleHistory()} /></div>
    <ol class="pasts">${ordered(store.session.nodes).map(item)}</ol>
    ${compared.length === 2 && html`<button type="button" class="primary" onClick=${() => go(to.compare(compared))}>
      ${t("history.compare.both")}</button>`}
    ${compared.length === 1 && html`<p class="quiet">${t("history.compare.other")}</p>`}
    <a class="button wide-button" href="#/"><${Icon} name="plus" /> ${t("new")}</a>
    ${edited && html`<${Naming} node=${edited} onClose=${() => setEdited(null)} />`}
  </aside>`;
}

function Naming({ node, onClose }) {
  const app = useApp();
  const [name, setName] = useState(node.name);
  const [note, setNote] = useState(node.note);
  const save = async (event) => {
    event.preventDefault();
    const before = { name: node.name, note: node.note };
    const answer = await app.act(() => app.backend.command(`/nodes/${node.id}/edit`, { name, note }));
    if (!answer) return;
    app.undo.did({ kind: "edit", node: node.id, before, after: { name, note } });
    onClose();
  };
  return html`<${Dialog} title=${t("history.rename")} onClose=${onClose}><form onSubmit=${save} class="stack">
    <label class="field"><span>${t("name")}</span><input type="text" value=${name} maxlength="200"
      onInput=${(event) => setName(event.target.value)} /></label>
    <label class="field"><span>${t("note")}</span><textarea rows="4" onInput=${(event) => setNote(event.target.value)}>${note}</textarea></label>
    <button type="submit" class="primary">${t("save")}</button>
  </form><//>`;
}
