// What the colours of the certainty map mean.
import { html } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";

export const Legend = ({ scale }) =>
  html`<span class="legend" role="img" aria-label=${t("certainty.legend", { scale: scale ? figure(scale) : "" })}><span>${t("certainty.alike")}</span>
    <span class="ramp"></span><span>${scale ? t("certainty.most", { scale: figure(scale) }) : t("certainty.different")}</span></span>`;
