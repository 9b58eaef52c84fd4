// Every key, and the few settings that there are.
import { html } from "../vendor/htm-preact.js";
import { LANGUAGES, language, t } from "../words.js";
import { Choice, Dialog, useApp } from "../ui/controls.js";
import { single } from "../ui/keys.js";
import { setTheme, theme } from "../ui/theme.js";

/** The keys, by where they work. Each is said under `key.` and its name. */
const KEYS = [
  ["everywhere", [["?", "help"], ["n", "new"], ["h", "history"], ["c", "carry"], ["Ctrl Z", "undo"], ["Ctrl Shift Z", "redo"], ["Esc", "back"]]],
  ["gallery", [["← → ↑ ↓", "move"], ["Enter", "open"], ["s", "star"], ["1 – 5", "rate"], ["0", "unrate"], ["m", "more"], [".", "stop"], ["t", "tree"]]],
  ["candidate", [["← →", "other"], ["+ −", "zoom"], ["f", "fit"], ["Shift ← → ↑ ↓", "pan"], ["x", "split"], ["v", "beside"], ["b", "blink"], ["d", "difference"], ["a", "alone"], ["u", "certainty"], ["w", "walk"], ["p", "paint"], ["l", "like"]]],
  ["walk", [["↑ ↓", "direction"], ["← →", "along"], ["Space", "play"]]],
  ["steer", [["b", "brush"], ["e", "eraser"], ["l", "lasso"], ["g", "fill"], ["i", "invert"], ["[ ]", "size"], ["← → ↑ ↓", "cursor"], ["Space", "dab"], ["Ctrl Z", "undo.stroke"], ["Enter", "search"]]],
];

export function Help({ onClose }) {
  const app = useApp();
  const group = ([name, keys]) => html`<section key=${name}><h3>${t(`keys.${name}`)}</h3><dl class="keys">
    ${keys.map(([key, words]) => html`<div key=${words}><dt>${key.split(" ").map((part) => (/^[–]$/.test(part) ? " – " : html`<kbd>
      ${part}</kbd>`))}</dt><dd>${t(`key.${words}`)}</dd></div>`)}
  </dl></section>`;
  const { backend } = app;
  const end = () => app.act(() => backend.command("/end")).then((done) => done && onClose());
  const forget = () => confirm(t("alone.forget.sure")) && backend.forget().then(() => location.replace(location.pathname));
  return html`<${Dialog} title=${t("help")} onClose=${onClose} isWide=${true}>
    <div class="key-groups">${KEYS.map(group)}</div>
    <div class="settings">
      <${Choice} name="theme" label=${t("theme")} isQuiet=${true} value=${theme()} onChange=${(value) => { setTheme(value); app.draw(); }}
        options=${["auto", "light", "dark"].map((key) => [key, t(`theme.${key}`)])} />
      <${Choice} name="language" label=${t("language")} isQuiet=${true} value=${language()} onChange=${(code) => app.language(code)}
        options=${LANGUAGES} />
      <label class="check"><input type="checkbox" checked=${single.get()}
        onChange=${(event) => single.set(event.target.checked)} /> ${t("keys.single")}</label>
      ${backend.isAlone ? html`<button type="button" onClick=${forget}>${t("alone.forget")}</button>` : html`<button type="button"
        onClick=${end}>${t("end")}</button>`}
    </div>
    ${backend.isAlone && html`<p class="quiet">${t("alone")} ${t(backend.isKept() ? "alone.kept" : "alone.not.kept")}</p>`}
    <p class="quiet">PULSE ${app.store.session.program}</p>
  <//>`;
}
