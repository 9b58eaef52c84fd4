// What the candidates agree on: their mean, and where they differ.
import { html } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { useApp } from "../ui/controls.js";
import { useKeys } from "../ui/keys.js";
import { Stage, Zoom, viewKeys } from "../ui/stage.js";
import { Legend } from "./legend.js";
import { Masthead } from "./masthead.js";

export default function Agree({ place }) {
  const app = useApp();
  const node = app.store.node(place.node);
  const base = node?.mean ?? { width: 64, height: 64 };
  useKeys(viewKeys(base));
  if (!node?.mean) return html`<div class="gallery">${node && html`<${Masthead} node=${node} screen="agree" />`}<p class="quiet">
    ${t("agree.none")}</p></div>`;
  const agreed = node.summary?.agreed;
  const one = (image, words) => html`<${Stage} base=${base} label=${words} layers=${[{ key: words, src: app.backend.picture(image), alt: words }]}
    badge=${words} />`;
  return html`<div class="gallery">
    <${Masthead} node=${node} screen="agree" />
    <p class="quiet wide-text">${t("agree.note")} ${Number.isFinite(agreed) ? t("agree.share", { share: Math.round(agreed * 100) }) : ""}</p>
    <div class="stages agreeing">
      ${one(node.mean, t("against.mean"))}${node.certainty && one(node.certainty, t("certainty.over"))}${node.original && one(node.original, t("original"))}</div>
    <div class="stage-tools">${node.certainty && html`<${Legend} scale=${node.certainty_scale ?? node.summary?.certainty_scale} />`}<${Zoom}
      base=${base} /></div>
  </div>`;
}
