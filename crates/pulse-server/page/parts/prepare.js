// One picture before it is searched for: what of it, what made it small, which generator, how many.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { go, to } from "../route.js";
import { Choice, Icon, useApp, useHeading } from "../ui/controls.js";
import { useKeys } from "../ui/keys.js";
import { Chain } from "./chain.js";
import { Cropper } from "./cropper.js";

const COUNTS = [4, 8, 16, 64];
const SIDES = [8, 16, 32];
/** What is smaller is small already. */
const LEAST_TO_PIXELATE = 32;

export default function Prepare({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const picture = store.picture(place.picture);
  const heading = useHeading(place.picture);
  const { defaults, generators, limits } = store.session;
  const [generator, setGenerator] = useState(defaults.generator ?? generators[0]?.id);
  const [count, setCount] = useState(defaults.candidates ?? 8);
  const [isSpread, setSpread] = useState(false);
  const [measurement, setMeasurement] = useState(null);
  const [sigma, setSigma] = useState("");
  const [crop, setCrop] = useState(null);
  const [isCropping, setCropping] = useState(false);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    setCrop(null);
    setCropping(false);
  }, [place.picture]);
  const search = async () => {
    if (isAsking) return;
    setAsking(true);
    await app.search("/searches", {
      picture: picture.id, generator, measurement, sigma: sigma === "" ? null : Number(sigma), candidates: count, spread: isSpread, seed: null, steps: null, sampler: null,
    });
    setAsking(false);
  };
  useKeys({ Enter: search, Escape: () => (isCropping ? setCropping(false) : go(to.start())) });
  if (!picture) return html`<div class="start"><h1 ref=${heading} tabindex="-1">${t("gone.picture")}</h1><a class="button" href="#/">${t("new")}</a>
    </div>`;

  const cut = async (body) => {
    const made = await app.act(() => backend.command(`/pictures/${picture.id}/cut`, { crop: null, square: false, pixelate: null, ...body }));
    if (!made) return;
    store.apply("picture", made);
    go(to.picture(made.id));
  };
  const chosen = store.generator(generator);
  const pixelate = (side) => cut({ crop, square: true, pixelate: side });
  const canPixelate = picture.image.width >= LEAST_TO_PIXELATE && !picture.original;
  // How large the pictures of a model are is not known before it was read.
  const isLarge = canPixelate && chosen?.width > 0 && picture.image.width > chosen.width && picture.kind !== "mosaic";
  const nodes = store.session.nodes.filter((node) => node.picture === picture.id);
  return html`<div class="prepare">
    <div class="prepare-stage">
      <${Cropper} picture=${picture} src=${backend.picture(picture.image)} isCropping=${isCropping} crop=${crop} onCrop=${setCrop}
        onFace=${(face) => cut({ face, generator, pixelate: defaults.pixelate })}
          onMosaic=${() => cut({ crop: blocks(picture.blocks), square: false })} />
      ${picture.original && html`<figure class="was"><img src=${backend.picture(picture.original)} alt=${t("original")} width="96" /><figcaption>
        ${t("prepare.original")}</figcaption></figure>`}
    </div>
    <div class="prepare-panel">
      <h1 ref=${heading} tabindex="-1">${picture.name}</h1>
      <p class="quiet">${picture.note || t("prepare.size", picture.image)}</p>
      ${picture.faces?.length > 0 && html`<p>${t("prepare.faces", { n: picture.faces.length })}</p>`}
      ${isCropping ? html`<div class="crop-tools">
          <p>${crop ? t("crop.size", crop) : t("crop.drag")}</p>
          <div class="row"><button type="button" class="primary" disabled=${!crop} onClick=${() => cut({ crop })}>${t("crop.do")}</button><button
            type="button" onClick=${() => setCropping(false)}>${t("cancel")}</button></div>
        </div>`
      : isLarge ? html`<p>${t("prepare.large", { width: picture.image.width, side: chosen.width })}</p>
          <${Pixelate} isOpen=${true} onPixelate=${pixelate} />
          <div class="row"><button type="button" onClick=${() => setCropping(true)}><${Icon} name="crop" /> ${t("crop")}</button><button
            type="button" disabled=${isAsking} onClick=${search}>${t("prepare.anyway")}</button></div>`
      : html`<button type="button" class="primary large" disabled=${isAsking} onClick=${search}>${t("prepare.search", { n: count })}</button>
          <div class="row"><button type="button" onClick=${() => setCropping(true)}><${Icon} name="crop" /> ${t("crop")}</button>
          ${canPixelate && html`<${Pixelate} onPixelate=${pixelate} />`}</div>`}
      <details class="options" open=${false}><summary>${t("prepare.options")}</summary><div class="stack">
        <${Choice} name="count" isQuiet=${true} label=${t("prepare.count")} value=${count} onChange=${setCount}
          options=${COUNTS.filter((n) => n <= limits.candidates).map((n) => [n, String(n)])} />
        <label class="check"><input type="checkbox" checked=${isSpread}
          onChange=${(event) => setSpread(event.target.checked)} /> ${t("prepare.spread")}</label>
        <label class="field"><span>${t("generator")}</span><select value=${generator} onChange=${(event) => setGenerator(event.target.value)}>
          ${generators.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}${one.width > 0 && ` · ${one.width} × ${one.height}`}</option>`)}
        </select><span class="quiet">${chosen?.card}</span></label>
        <${Chain} picture=${picture} generator=${generator} value=${measurement} onChange=${setMeasurement} />
        <label class="field short"><span>${t("prepare.sigma")}</span><input type="number" min="0" max="255" step="0.5" placeholder="0" value=${sigma}
          onInput=${(event) => setSigma(event.target.value)} /></label>
      </div></details>
      ${nodes.length > 0 && html`<h2 class="small">${t("prepare.searched")}</h2><ul class="plain">${nodes.map((node) => html`<li key=${node.id}><a
        href=${to.node(node.id)}>
        ${node.name || t(`kind.${node.kind}`, { from: node.from_candidates?.[0] })} · ${t("count", { n: node.candidates.length })}</a></li>`)}</ul>`}
    </div>
  </div>`;
}

function Pixelate({ isOpen: isOpened = false, onPixelate }) {
  const [isOpen, setOpen] = useState(isOpened);
  if (!isOpen) return html`<button type="button" onClick=${() => setOpen(true)}>${t("pixelate")}</button>`;
  return html`<span class="group"><span class="label" id="pixelate-label">${t("pixelate")}</span><span class="row" role="group"
    aria-labelledby="pixelate-label">${SIDES.map((side) => html`<button type="button" key=${side} class=${isOpened && side === 16 ? "primary" : ""}
    onClick=${() => onPixelate(side)}>${side} × ${side}</button>`)}</span></span>`;
}

/** The part of the picture that the blocks are in. */
const blocks = ({ x, y, width, height }) => ({ x, y, width, height });
