// A picture, or several over one another, in whole pixels: zoomed by wheel and pinch, moved by dragging.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { IconButton, useSize } from "./controls.js";
import { fitting, getRoom, getView, panBy, placed, setRoom, setView, watchView, zoomAt } from "./view.js";

/**
 * @param {{base: {width: number, height: number}, layers: {key: string, src: string, alt: string, clip?: number, opacity?: number, isHidden?: boolean}[],
 *   label: string, over?: (place: object) => any, isHeld?: boolean, badge?: any}} props
 *   `over` draws on top, given where the picture lies; `isHeld`: dragging is not for moving, something on top takes it
 */
export function Stage({ base, layers, label, over, isHeld, badge }) {
  const room = useRef();
  const size = useSize(room);
  const [, draw] = useState(0);
  const pointers = useRef(new Map());
  const ratio = devicePixelRatio || 1;
  useEffect(() => watchView(() => draw((count) => count + 1)), []);
  useEffect(() => {
    const element = room.current;
    let turned = 0;
    const wheel = (event) => {
      event.preventDefault();
      // Wheels turn in notches, trackpads in many small parts of one.
      turned += event.deltaY * (event.deltaMode === 1 ? 16 : 1) * (event.ctrlKey ? 4 : 1);
      if (Math.abs(turned) < 40) return;
      const edge = element.getBoundingClientRect();
      zoomAt(base, current(), ratio, { x: event.clientX - edge.left, y: event.clientY - edge.top }, turned < 0 ? 1 : -1);
      turned = 0;
    };
    const current = () => ({ width: element.clientWidth, height: element.clientHeight });
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [base.width, base.height]);

  useLayoutEffect(() => {
    if (size.width > 0) setRoom(size);
  }, [size]);

  const place = placed(base, size, ratio);
  const isZoomed = place.width > size.width + 1 || place.height > size.height + 1;
  const down = (event) => {
    if (isHeld && pointers.current.size === 0 && event.pointerType !== "touch") return;
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!isHeld) event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const here = { x: event.clientX, y: event.clientY };
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length > 0) {
      const [other] = others;
      const apart = (at) => Math.hypot(at.x - other.x, at.y - other.y);
      const edge = room.current.getBoundingClientRect();
      const middle = { x: (here.x + other.x) / 2 - edge.left, y: (here.y + other.y) / 2 - edge.top };
      // A pinch has to grow by an eighth for the next whole zoom.
      const from = (pointers.pinched ??= apart(before));
      if (apart(here) / from > 1.125 || apart(here) / from < 0.888) {
        zoomAt(base, size, ratio, middle, apart(here) > from ? 1 : -1);
        pointers.pinched = apart(here);
      }
    } else if (!isHeld && isZoomed) {
      panBy(base, size, ratio, here.x - before.x, here.y - before.y);
    }
    pointers.current.set(event.pointerId, here);
  };
  const up = (event) => {
    pointers.current.delete(event.pointerId);
    pointers.pinched = undefined;
  };
  const twice = () => !isHeld && setView(getView().zoom === null ? { zoom: Math.max(1, Math.round(place.by * ratio)) * 2 } : { zoom: null, x: 0.5, y: 0.5 });
  const style = { left: `${place.left}px`, top: `${place.top}px`, width: `${place.width}px`, height: `${place.height}px` };
  return html`<div class=${`stage${isZoomed && !isHeld ? " movable" : ""}${isZoomed || isHeld ? " taken" : ""}`} ref=${room} role="group"
    aria-label=${label} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up} onDblClick=${twice}>
    ${size.width > 0 && html`<div class="sheet" style=${style}>
      ${layers.map((layer) => html`<img key=${layer.key} class=${place.by * ratio >= 1 ? "pixels" : ""} src=${layer.src}
        alt=${layer.isHidden ? "" : layer.alt} aria-hidden=${layer.isHidden ? "true" : undefined} draggable=${false}
        style=${{ opacity: layer.isHidden ? 0 : (layer.opacity ?? 1), clipPath: layer.clip === undefined ? "none" : `inset(0 0 0 ${layer.clip * 100}%)` }} />`)}
      ${over?.({ ...place, ratio })}
    </div>`}
    ${badge && html`<div class="badge">${badge}</div>`}
  </div>`;
}

const ratioNow = () => devicePixelRatio || 1;
const zoomBy = (base, step) => {
  const room = getRoom();
  zoomAt(base, room, ratioNow(), { x: room.width / 2, y: room.height / 2 }, step);
};
const fit = () => setView({ zoom: null, x: 0.5, y: 0.5 });

/** The buttons that zoom all stages. */
export function Zoom({ base }) {
  const [, draw] = useState(0);
  useLayoutEffect(() => watchView(() => draw((count) => count + 1)), []);
  const now = getView().zoom ?? fitting(base, getRoom(), ratioNow());
  return html`<div class="zoom" role="group" aria-label=${t("zoom")}>
    <${IconButton} icon="minus" label=${t("zoom.out")} hint="−" onClick=${() => zoomBy(base, -1)} />
    <output aria-label=${t("zoom")}>${now >= 1 ? `${Math.round(now)}×` : `1/${Math.round(1 / now)}`}</output>
    <${IconButton} icon="plus" label=${t("zoom.in")} hint="+" onClick=${() => zoomBy(base, 1)} />
    <${IconButton} icon="fit" label=${t("zoom.fit")} hint="f" onClick=${fit} />
  </div>`;
}

/** The keys that zoom and move all stages. */
export function viewKeys(base) {
  const pan = (dx, dy) => () => panBy(base, getRoom(), ratioNow(), dx, dy);
  return {
    "+": () => zoomBy(base, 1), "=": () => zoomBy(base, 1), "-": () => zoomBy(base, -1), f: fit,
    "shift+ArrowLeft": pan(60, 0), "shift+ArrowRight": pan(-60, 0), "shift+ArrowUp": pan(0, 60), "shift+ArrowDown": pan(0, -60),
  };
}
