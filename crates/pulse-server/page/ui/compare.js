// Ways of holding one picture against another: alone, beside, split, blinking, and their difference.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { isStill } from "./controls.js";
import { Stage } from "./stage.js";

export const WAYS = ["alone", "beside", "split", "blink", "difference"];
/** Slower than anything that could harm. */
const BLINK_MS = 650;

/**
 * @param {{way: string, base: object, shown: {src: string, alt: string}, against: {src: string, alt: string} | null, difference: {src: string, alt: string, note: string} | null,
 *   overlay: {src: string, alt: string, opacity: number} | null, label: string}} props
 */
export function Compare({ way, base, shown, against, difference, overlay, label }) {
  const [split, setSplit] = useState(0.5);
  const [isOther, setOther] = useState(false);
  useEffect(() => {
    if (way !== "blink" || !against) return setOther(false);
    if (isStill()) return undefined;
    const timer = setInterval(() => setOther((before) => !before), BLINK_MS);
    return () => clearInterval(timer);
  }, [way, against?.src]);
  const top = { key: "shown", ...shown };
  const over = overlay ? [{ key: "overlay", ...overlay }] : [];
  if (way === "beside" && against) {
    return html`<div class="stages"><${Stage} base=${base} label=${shown.alt} layers=${[top, ...over]} badge=${shown.alt} /><${Stage} base=${base}
      label=${against.alt} layers=${[{ key: "against", ...against }]} badge=${against.alt} /></div>`;
  }
  if (way === "split" && against) {
    const drawn = (place) => html`<${Handle} value=${split} onChange=${setSplit} place=${place} />`;
    return html`<div class="stages"><${Stage} base=${base} label=${label} layers=${[{ key: "against", ...against }, { ...top, clip: split }]}
      over=${drawn}
      badge=${html`<span>${against.alt}</span> <span aria-hidden="true">|</span> <span>${shown.alt}</span>`} /></div>`;
  }
  if (way === "blink" && against) {
    return html`<div class="stages"><${Stage} base=${base} label=${label}
      layers=${[{ key: "against", ...against, isHidden: !isOther }, { ...top, isHidden: isOther }]} badge=${isOther ? against.alt : shown.alt} />
      ${isStill() && html`<button type="button" class="blinker" aria-pressed=${isOther} onClick=${() => setOther(!isOther)}>
        ${t("blink.hand")}</button>`}</div>`;
  }
  if (way === "difference" && difference) {
    return html`<div class="stages"><${Stage} base=${base} label=${label} layers=${[{ key: "difference", ...difference }]} badge=${difference.note} />
      </div>`;
  }
  return html`<div class="stages"><${Stage} base=${base} label=${label} layers=${[top, ...over]} badge=${overlay ? overlay.alt : null} /></div>`;
}

/** The line between the two halves. */
function Handle({ value, onChange, place }) {
  const isHeld = useRef(false);
  const set = (next) => onChange(Math.min(1, Math.max(0, next)));
  const at = (event) => {
    const edge = event.currentTarget.parentElement.getBoundingClientRect();
    set((event.clientX - edge.left) / edge.width);
  };
  const down = (event) => {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    isHeld.current = true;
  };
  const key = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Home") set(0);
    else if (event.key === "End") set(1);
    else if (step && !event.shiftKey) set(value + step / 50);
    else return;
    event.preventDefault();
  };
  return html`<div class="handle" style=${{ left: `${value * place.width}px` }} role="slider" tabindex="0" aria-label=${t("split.handle")}
    aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(value * 100)} aria-orientation="horizontal"
    onPointerDown=${down} onPointerMove=${(event) => isHeld.current && at(event)} onPointerUp=${() => (isHeld.current = false)}
      onPointerCancel=${() => (isHeld.current = false)} onKeyDown=${key} onDblClick=${(event) => event.stopPropagation()}><span aria-hidden="true">
      </span></div>`;
}
