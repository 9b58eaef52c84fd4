// What can be taken away: pictures, a node's report, the whole session, and how to do the same without this page.
import { html } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { Copied, Dialog, Icon, useApp } from "../ui/controls.js";
import { nodeName } from "./history.js";

export function Carry({ place, onClose }) {
  const app = useApp();
  const { store, backend } = app;
  const node = store.node(place.node) ?? store.session.nodes.at(-1);
  const candidate = node && place.candidate ? store.candidate(node.id, place.candidate) : null;
  const starred = node ? node.candidates.filter((other) => other.star) : [];
  const file = (href, words, note) => html`<li><a class="button" href=${href} download><${Icon} name="carry" /> ${words}</a><span class="quiet">
    ${note}</span></li>`;
  return html`<${Dialog} title=${t("carry")} onClose=${onClose} isWide=${true}>
    <p class="quiet">${t("carry.imagined")}</p>
    <ul class="files">
      ${candidate && file(backend.download(node.id, candidate.number), t("carry.picture", { n: candidate.number }), t("carry.picture.note"))}
      ${starred.filter((other) => other !== candidate).map((other) => file(backend.download(node.id, other.number), t("carry.picture", { n: other.number }), t("carry.starred")))}
      ${node?.report && html`<li><a class="button" href=${node.report} target="_blank" rel="noopener"><${Icon}
        name="carry" /> ${t("carry.report")}</a><span class="quiet">${t("carry.report.note", { name: nodeName(node) })}</span></li>`}
      ${file(backend.sessionFile(), t("carry.session"), t("carry.session.note"))}
    </ul>
    ${node?.command && html`<${Copied} app=${app} label=${t("carry.command")} text=${node.command} />`}
    ${node?.python && html`<${Copied} app=${app} label=${t("carry.python")} text=${node.python} />`}
  <//>`;
}
