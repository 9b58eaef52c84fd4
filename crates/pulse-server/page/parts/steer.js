// Steering: what must stay or may change is painted, an example may draw, and the search runs again.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { go, to } from "../route.js";
import { Choice, Icon, IconButton, useApp, useHeading } from "../ui/controls.js";
import { createMask } from "../ui/mask.js";
import { Painter } from "../ui/painter.js";
import { upload } from "../ui/received.js";
import { Stage, Zoom, viewKeys } from "../ui/stage.js";
import { useKeys } from "../ui/keys.js";

const TOOLS = ["brush", "eraser", "lasso", "fill"];
/** Colours of the paint: one of them is seen on any picture. */
const COLOURS = { blue: "#2f7bff", yellow: "#ffd400", red: "#ff3b30" };
const SIZES = [1, 40];
/** What stays as it was set, from one picture to the next. */
const kept = JSON.parse(localStorage.getItem("pulse.brush") ?? "{}");

/** The last masks, so that who comes back finds what was painted. */
const masks = new Map();
const MOST_MASKS = 8;

function maskOf(key, picture) {
  if (!masks.has(key)) masks.set(key, createMask(picture));
  if (masks.size > MOST_MASKS) masks.delete(masks.keys().next().value);
  return masks.get(key);
}

export default function Steer({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const node = store.node(place.node);
  const candidate = store.candidate(place.node, place.candidate);
  const heading = useHeading(`${place.node}/${place.candidate}`);
  const base = candidate?.image ?? { width: 64, height: 64 };
  const mask = useMemo(() => maskOf(`${place.node}/${place.candidate}`, base), [place.node, place.candidate]);
  const [brush, setBrush] = useState({ tool: "brush", size: 8, soft: 1, colour: "blue", ...kept });
  const [revision, setRevision] = useState(0);
  const [how, setHow] = useState("vary");
  const [amount, setAmount] = useState(0.8);
  const [count, setCount] = useState(8);
  const [example, setExample] = useState(null);
  const [isOver, setOver] = useState(false);
  const [pull, setPull] = useState("everywhere");
  const [isAsking, setAsking] = useState(false);
  const set = (change) => {
    const next = { ...brush, ...change };
    localStorage.setItem("pulse.brush", JSON.stringify(next));
    setBrush(next);
  };
  const changed = () => setRevision((before) => before + 1);
  const share = useMemo(() => mask.share(), [mask, revision]);
  const isPainted = share > 0.0005 && share < 0.9995;
  const undo = () => (mask.undo() ? changed() : app.undo.undo());
  const redo = () => (mask.redo() ? changed() : app.undo.redo());
  const invert = () => {
    mask.remember();
    mask.invert();
    changed();
  };
  const clear = () => {
    mask.remember();
    mask.clear();
    changed();
  };
  const size = (by) => set({ size: Math.min(SIZES[1], Math.max(SIZES[0], brush.size + by * Math.max(1, Math.round(brush.size * 0.2)))) });
  const canSearch = isPainted || example;
  const search = async () => {
    if (!canSearch || isAsking) return;
    setAsking(true);
    const painted = isPainted ? mask.written(brush.soft) : null;
    // With an example, the paint is where it draws, when that is what is wanted; otherwise it says what stays.
    const isRegion = example && pull === "painted" && isPainted;
    const toward = example ? { picture: example.id, mask: isRegion ? painted : null } : null;
    const paints = painted && !isRegion;
    await app.search(`/nodes/${node.id}/steer`, {
      candidate: candidate.number, keep: paints && how === "keep" ? painted : null, vary: paints && how === "vary" ? painted : null, like: true, amount, toward, candidates: count, spread: null,
    });
    setAsking(false);
  };
  const take = async (files) => {
    const [picture] = await upload(app, files.slice(0, 1));
    if (picture) setExample(picture);
  };
  const can = mask.can();
  useKeys(candidate ? {
    b: () => set({ tool: "brush" }), e: () => set({ tool: "eraser" }), l: () => set({ tool: "lasso" }), g: () => set({ tool: "fill" }), i: invert,
    "[": () => size(-1), "]": () => size(1), "mod+z": undo, "mod+shift+z": redo, "mod+y": redo, Enter: search, ...viewKeys(base),
    Escape: () => go(to.candidate(node.id, candidate.number)),
  } : {});
  if (!candidate) return html`<div class="start"><h1 ref=${heading} tabindex="-1">${t("gone.candidate")}</h1><a class="button" href="#/">
    ${t("new")}</a></div>`;

  const over = (where) => html`<${Painter} mask=${mask} tool=${brush.tool} size=${brush.size} soft=${brush.soft} colour=${COLOURS[brush.colour]}
    place=${where} onChange=${changed} revision=${revision} />`;
  const isClear = share <= 0.0005;
  return html`<div class="single steer">
    <div class="single-stage">
      <div class="stages"><${Stage} base=${base} label=${t("candidate", { n: candidate.number })} isHeld=${true} over=${over}
        layers=${[{ key: "candidate", src: backend.picture(candidate.image), alt: t("candidate", { n: candidate.number }) }]}
        badge=${isClear ? t("paint.hint") : null} /></div>
      <${Zoom} base=${base} />
      <div class="stage-tools">
        <div class="row" role="group" aria-label=${t("paint.tools")}>
          ${TOOLS.map((tool) => html`<${IconButton} key=${tool} icon=${tool} label=${t(`tool.${tool}`)}
            hint=${{ brush: "b", eraser: "e", lasso: "l", fill: "g" }[tool]} pressed=${brush.tool === tool} onClick=${() => set({ tool })} />`)}
          <span class="divider"></span>
          <${IconButton} icon="invert" label=${t("tool.invert")} hint="i" onClick=${invert} />
          <${IconButton} icon="trash" label=${t("tool.clear")} onClick=${clear} disabled=${isClear} />
          <${IconButton} icon="undo" label=${t("tool.undo")} hint="Ctrl Z" onClick=${undo} disabled=${!can.undo} />
          <${IconButton} icon="redo" label=${t("tool.redo")} hint="Ctrl Shift Z" onClick=${redo} disabled=${!can.redo} />
        </div>
        <label class="inline"><span>${t("tool.size")}</span><input type="range" min=${SIZES[0]} max=${SIZES[1]} step="1" value=${brush.size}
          title="[ ]" onInput=${(event) => set({ size: Number(event.target.value) })} /></label>
        <label class="inline"><span>${t("tool.soft")}</span><input type="range" min="0" max="8" step="0.5" value=${brush.soft}
          onInput=${(event) => set({ soft: Number(event.target.value) })} /></label>
        <fieldset class="colours"><legend class="visually-hidden">${t("tool.colour")}</legend>${Object.keys(COLOURS).map((name) => html`<label
          key=${name} title=${t(`colour.${name}`)}><input type="radio" name="colour" checked=${brush.colour === name}
          onChange=${() => set({ colour: name })} /><span class=${`swatch ${name}`}></span><span class="visually-hidden">${t(`colour.${name}`)}</span>
          </label>`)}</fieldset>
      </div>
    </div>
    <aside class="single-panel" aria-label=${t("screen.steer")}>
      <h1 ref=${heading} tabindex="-1">${t("steer.title", { n: candidate.number })}</h1>
      <${Choice} name="how" isQuiet=${true} label=${t("steer.how")} value=${how} onChange=${setHow}
        options=${["vary", "keep"].map((key) => [key, t(`steer.${key}`)])} />
      <p class="quiet" role="status">
        ${isPainted ? t("steer.share", { share: Math.max(1, Math.round(share * 100)) }) : isClear ? t("steer.paint") : t("steer.all")}</p>
      <div class=${`example-drop${isOver ? " over-it" : ""}`} data-drop="example" onDragOver=${(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave=${() => setOver(false)} onDrop=${(event) => { event.preventDefault(); setOver(false); take([...event.dataTransfer.files]); }}>
        ${example ? html`<img src=${backend.picture(example.image)} alt=${t("steer.example.alt", { name: example.name })} width="72" height="72" />
          <div><${Choice} name="pull" label=${t("steer.pull")} value=${pull} onChange=${setPull}
          options=${["everywhere", "painted"].map((key) => [key, t(`steer.pull.${key}`), key === "painted" && !isPainted])} /><button type="button"
          class="quiet-button" onClick=${() => setExample(null)}>${t("steer.example.drop")}</button></div>`
        : html`<label class="file-label"><input type="file" accept="image/*" onChange=${(event) => take([...event.target.files])} /><span>
          ${t("steer.example")}</span></label>`}
      </div>
      <label class="field"><span>${t("steer.amount")} <output>${Math.round(amount * 100)} %</output></span><input type="range" min="0.05" max="1"
        step="0.05" value=${amount} onInput=${(event) => setAmount(Number(event.target.value))} /></label>
      <${Choice} name="steer-count" isQuiet=${true} label=${t("prepare.count")} value=${count} onChange=${setCount}
        options=${[4, 8, 16].map((n) => [n, String(n)])} />
      <button type="button" class="primary large" disabled=${!canSearch || isAsking} onClick=${search}>${t("steer.search")}</button>
      <a class="button" href=${to.candidate(node.id, candidate.number)}><${Icon} name="back" /> ${t("candidate", { n: candidate.number })}</a>
    </aside>
  </div>`;
}
