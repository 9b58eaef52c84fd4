// The small things that every screen is made of.
import { createContext, html, useContext, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { rank } from "../state.js";
import { useKeys } from "./keys.js";

/** The store, the place, and what every screen may do. */
export const App = createContext(null);
export const useApp = () => useContext(App);

const SHAPES = {
  undo: "M4 8h7a4 4 0 0 1 0 8H7M4 8l3-3M4 8l3 3",
  redo: "M16 8H9a4 4 0 0 0 0 8h4M16 8l-3-3M16 8l-3 3",
  close: "M5 5l10 10M15 5L5 15",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.6v.1",
  history: "M6 6.500v7M6 10h4.500a3 3 0 0 0 3-3v-.5M6 3a1.700 1.700 0 1 1 0 3.400A1.700 1.700 0 0 1 6 3zM6 13.600a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400zM13.500 3a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400z",
  carry: "M10 3v9M6.5 8.5L10 12l3.5-3.5M4 16h12",
  star: "M10 3.2l2.1 4.3 4.7.7-3.4 3.3.8 4.7L10 14l-4.2 2.2.8-4.7L3.2 8.2l4.7-.7z",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  fit: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
  play: "M7 4.5l8 5.5-8 5.5z",
  pause: "M7 5v10M13 5v10",
  stop: "M6 6h8v8H6z",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  up: "M5 12l5-5 5 5",
  back: "M16 10H5M9 5.5L4.5 10 9 14.5",
  brush: "M13.5 3.5l3 3L9 14c-1 1.6-3 2-5 2 0-2 .4-4 2-5z",
  eraser: "M8.5 16.5l-4-4 7.5-8 4.5 4.5-7 7.5zM8.5 16.5H16M7.5 8.8l4.6 4.5",
  lasso: "M10 4c4 0 7 1.8 7 4.2S14 12.500 10 12.500 3 10.700 3 8.200 6 4 10 4M6.500 12.000c-1.500 1-1.500 3 .5 3.200 1.500.1 1.300 1.800.2 2.300",
  fill: "M9 3l7 7-6 6-6.500-6.500zM4 9.500h11M17 13c.8 1.200 1.200 1.800 1.200 2.400a1.200 1.200 0 0 1-2.400 0c0-.6.4-1.200 1.200-2.400",
  invert: "M10 3.500a6.500 6.500 0 1 0 0 13zM10 3.500a6.500 6.500 0 0 1 0 13",
  trash: "M5 6h10M8 6V4h4v2M6.500 6l.6 10h5.800l.6-10",
  edit: "M12.500 4.500l3 3-8 8H4.500v-3z",
  copy: "M7 7h9v9H7zM4 13V4h9",
  tree: "M10 4v4M5 12v-2h10v2M10 8v2M3.500 12h3v3h-3zM13.500 12h3v3h-3zM8.500 2.500h3v2h-3z",
  crop: "M6 2.500V14h11.500M2.500 6H14v11.500",
};

/** A drawing that says nothing by itself: the words stand beside it, or in the label of its button. */
export const Icon = ({ name, filled }) =>
  html`<svg class=${`icon${filled ? " filled" : ""}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${SHAPES[name]} /></svg>`;

/** A button of a drawing; its label is read aloud and shown when the pointer rests on it. */
export const IconButton = ({ icon, label, hint, filled, pressed, ...rest }) =>
  html`<button type="button" class="icon-button" aria-label=${label} title=${hint ? `${label} (${hint})` : label} aria-pressed=${pressed} ...${rest}>
    <${Icon} name=${icon} filled=${filled} /></button>`;

/** One of a few, side by side. */
export function Choice({ label, options, value, onChange, name, isQuiet }) {
  return html`<fieldset class=${`choice${isQuiet ? " quiet-label" : ""}`}><legend class=${isQuiet ? "" : "visually-hidden"}>${label}</legend>
    ${options.map(([key, words, isOff]) => html`<label key=${key}><input type="radio" name=${name} checked=${value === key} disabled=${isOff}
      onChange=${() => onChange(key)} /><span>${words}</span></label>`)}
  </fieldset>`;
}

/** The verdict: a sign, and words, so that no colour has to be seen. */
export function Verdict({ candidate, isShort }) {
  if (!candidate || candidate.state === "searching") return html`<span class="verdict none"><i aria-hidden="true"></i>
    ${t("verdict.searching")}</span>`;
  if (candidate.reached === false) {
    const words = candidate.state === "stopped" ? t("verdict.stopped") : t("verdict.missed");
    return html`<span class=${`verdict ${candidate.state === "stopped" ? "fair" : "bad"}`}><i aria-hidden="true"></i>${words}</span>`;
  }
  const place = rank(candidate.verdict);
  if (place === "none") return html`<span class="verdict good"><i aria-hidden="true"></i>${t("verdict.none")}</span>`;
  return html`<span class=${`verdict ${place}`}><i aria-hidden="true"></i>${t(isShort ? `verdict.short.${place}` : `verdict.${place}`)}</span>`;
}

/** A dialog that holds the focus and gives it back. */
export function Dialog({ title, onClose, children, isWide }) {
  const box = useRef();
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  useKeys({ Escape: onClose }, true);
  const outside = (event) => event.target === box.current && onClose();
  return html`<dialog ref=${box} class=${isWide ? "wide" : ""} aria-labelledby="dialog-title"
    onCancel=${(event) => { event.preventDefault(); onClose(); }} onClick=${outside}>
    <div class="dialog-body">
      <header><h2 id="dialog-title">${title}</h2><${IconButton} icon="close" label=${t("close")} hint="Esc" onClick=${onClose} /></header>
      ${children}
    </div>
  </dialog>`;
}

/** Text that can be taken with one press. */
export function Copied({ label, text, app }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    app.say(t("copied"));
  };
  return html`<div class="copied"><div class="copied-head"><h3>${label}</h3><button type="button" onClick=${copy}><${Icon}
    name="copy" /> ${t("copy")}<span class="visually-hidden"> ${label}</span></button></div><pre tabindex="0" aria-label=${label}>${text}</pre>
    </div>`;
}

/** The size of an element, as it changes. */
export function useSize(ref) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** Whether the person asked for less motion. */
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The heading of a screen takes the focus when one gets there, so that it is read aloud. */
export function useHeading(key) {
  const ref = useRef();
  useEffect(() => ref.current?.focus({ preventScroll: true }), [key]);
  return ref;
}
