// Where one begins: a picture is dropped, pasted or chosen.
import { html } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { to } from "../route.js";
import { useApp, useHeading } from "../ui/controls.js";
import { receive } from "../ui/received.js";

const EXAMPLE = "app/examples/face-16.png";

export function Start() {
  const app = useApp();
  const heading = useHeading("start");
  const { store, backend } = app;
  const pictures = store.session.pictures.filter((picture) => !picture.of);
  const choose = (event) => receive(app, [...event.target.files]);
  const example = async () => {
    const bytes = await (await fetch(EXAMPLE)).blob();
    bytes.name = "face-16.png";
    await receive(app, [bytes]);
  };
  return html`<div class="start">
    <h1 ref=${heading} tabindex="-1">${t("start.title")}</h1>
    <label class=${`drop${app.isUploading ? " busy" : ""}`}>
      <input type="file" multiple accept=${`image/*,.npy,.fits${backend.openSession ? ",.pulse" : ""}`} onChange=${choose} />
      <svg viewBox="0 0 48 48" aria-hidden="true"><path d="M6 6h17v17H6zM25 25h17v17H25z"/><path class="faint" d="M25 6h17v17H25zM6 25h17v17H6z"/>
        </svg>
      <span class="drop-title">${app.isUploading ? t("start.reading") : t("start.drop")}</span>
      <span class="quiet">${t("start.choose")}</span>
      ${backend.openSession && html`<span class="quiet">${t("start.session")}</span>`}
    </label>
    <div class="start-row">
      <button type="button" class="example" onClick=${example}><img class="pixels" src=${EXAMPLE} alt="" width="72" height="72" /><span><strong>
        ${t("start.example")}</strong><span class="quiet">${t("start.example.note")}</span></span></button>
    </div>
    ${pictures.length > 0 && html`<section aria-labelledby="given-heading"><h2 id="given-heading">${t("start.given")}</h2><ul class="given-list">
      ${[...pictures].reverse().map((picture) => html`<li key=${picture.id}><a href=${to.picture(picture.id)}><img class="pixels"
        src=${backend.picture(picture.image)} alt="" width="96" height="96" /><span>${picture.name}</span></a></li>`)}
    </ul></section>`}
  </div>`;
}
