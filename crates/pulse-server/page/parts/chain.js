// What made the picture small, as a chain of cards: each one stage of the measurement, in the order in which it happened.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { Icon, IconButton, useApp } from "../ui/controls.js";

/** The stages as `--measurement` writes them, and what each asks for. */
export const STAGES = {
  bicubic: [], area: [], lanczos3: [], nearest: [],
  gaussian: [{ name: "sigma", least: 0.1, most: 40, step: 0.1, value: 1.5 }],
  motion: [{ name: "length", least: 1, most: 80, step: 0.5, value: 6 }, { name: "angle", least: 0, most: 180, step: 1, value: 0, sign: "@" }],
  disk: [{ name: "radius", least: 0.5, most: 40, step: 0.5, value: 2 }],
  gray: [],
  channels: [{ name: "channels", choices: ["R", "G", "B", "RG", "RB", "GB"], value: "R" }],
};
const SHRINKS = ["bicubic", "area", "lanczos3", "nearest"];

/** `gaussian:1.5,bicubic` of stages, and back. */
export const written = (stages) =>
  stages.map(({ kind, values }) => kind + STAGES[kind].map((part, place) => (part.sign ?? ":") + values[place]).join("")).join(",");

const fresh = (kind) => ({ kind, values: STAGES[kind].map((part) => part.value) });

export function Chain({ picture, generator, value, onChange }) {
  const app = useApp();
  const [stages, setStages] = useState(null);
  const [preview, setPreview] = useState(null);
  const change = (next) => {
    setStages(next);
    onChange(next && next.length > 0 ? written(next) : null);
  };
  // The preview follows what is set, but not every step of a slider.
  useEffect(() => {
    if (!value) return setPreview(null);
    let isOld = false;
    const wait = setTimeout(async () => {
      try {
        const made = await app.backend.command(`/pictures/${picture.id}/preview`, { generator, measurement: value });
        if (!isOld) setPreview(made);
      } catch (error) {
        if (!isOld) setPreview({ wrong: error.message });
      }
    }, 200);
    return () => {
      isOld = true;
      clearTimeout(wait);
    };
  }, [value, generator, picture.id]);
  const set = (place, stage) => change(stages.map((other, index) => (index === place ? stage : other)));
  const card = (stage, place) => html`<li key=${place} class="stage-card">
    <div class="stage-head"><label class="visually-hidden" for=${`stage-${place}`}>${t("chain.stage", { n: place + 1 })}</label>
      <select id=${`stage-${place}`} value=${stage.kind} onChange=${(event) => set(place, fresh(event.target.value))}>
        ${Object.keys(STAGES).map((kind) => html`<option key=${kind} value=${kind}>${t(`stage.${kind}`)}</option>`)}</select>
      <${IconButton} icon="left" label=${t("chain.earlier")} disabled=${place === 0} onClick=${() => change(swapped(stages, place, place - 1))} />
      <${IconButton} icon="close" label=${t("chain.remove", { what: t(`stage.${stage.kind}`) })}
        onClick=${() => change(stages.filter((_, index) => index !== place))} />
    </div>
    ${STAGES[stage.kind].map((part, index) => {
      const put = (event) => set(place, { ...stage, values: stage.values.map((old, at) => (at === index ? event.target.value : old)) });
      return html`<label class="field" key=${part.name}><span>${t(`chain.${part.name}`)} ${!part.choices && html`<output>
        ${stage.values[index]}</output>`}</span>
        ${part.choices ? html`<select value=${stage.values[index]} onChange=${put}>${part.choices.map((name) => html`<option key=${name}>
          ${name}</option>`)}</select>`
        : html`<input type="range" min=${part.least} max=${part.most} step=${part.step} value=${stage.values[index]} onInput=${put} />`}</label>`;
    })}
  </li>`;
  return html`<fieldset class="chain"><legend>${t("chain")}</legend>
    ${!stages ? html`<p class="quiet">${t("chain.automatic")}</p><button type="button" onClick=${() => change([fresh("bicubic")])}>
      ${t("chain.say")}</button>`
    : html`<ol class="stages">${stages.map(card)}</ol>
      <div class="row"><button type="button"
        onClick=${() => change([...stages.filter((stage) => !SHRINKS.includes(stage.kind)), fresh("gaussian"), ...stages.filter((stage) => SHRINKS.includes(stage.kind))])}>
        <${Icon} name="plus" /> ${t("chain.add")}</button>
      <button type="button" onClick=${() => change(null)}>${t("chain.back")}</button></div>
      ${value && html`<p class="written"><code>${value}</code></p>`}`}
    <div aria-live="polite">${preview?.wrong && html`<p class="bad">${preview.wrong}</p>`}
    ${preview?.small && html`<figure class="preview"><div class="row">${preview.sharp && html`<img class="pixels"
      src=${app.backend.picture(preview.sharp)} alt=${t("chain.sharp")} width="112" /><span aria-hidden="true">→</span>`}<img class="pixels"
      src=${app.backend.picture(preview.small)} alt=${t("chain.preview")} width="112" /></div><figcaption>${preview.words}</figcaption>
      </figure>`}</div>
  </fieldset>`;
}

function swapped(list, a, b) {
  const copy = [...list];
  [copy[a], copy[b]] = [copy[b], copy[a]];
  return copy;
}
