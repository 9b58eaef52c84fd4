// What takes mouse, pen and finger over a stage, and makes strokes of a mask of them.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";

/** A pen's other end. */
const ERASER_END = 32;

/**
 * @param {{mask: object, tool: string, size: number, soft: number, colour: string, place: object, onChange: () => void, revision: number}} props
 */
export function Painter({ mask, tool, size, soft, colour, place, onChange, revision }) {
  const canvas = useRef();
  const stroke = useRef(null);
  const touches = useRef(new Set());
  const [cursor, setCursor] = useState(null);
  const [lasso, setLasso] = useState(null);
  useLayoutEffect(() => mask.show(canvas.current, colour, soft), [mask, colour, soft, revision]);
  const show = () => mask.show(canvas.current, colour, soft);

  const at = (event) => {
    const edge = canvas.current.getBoundingClientRect();
    return { x: (event.clientX - edge.left) / place.by, y: (event.clientY - edge.top) / place.by };
  };
  const isErased = (event) => tool === "eraser" || event.altKey || event.button === 2 || (event.buttons & (2 | ERASER_END)) !== 0;
  const down = (event) => {
    if (event.pointerType === "touch") {
      touches.current.add(event.pointerId);
      // A second finger zooms: what the first began is taken back.
      if (touches.current.size > 1) {
        if (stroke.current && mask.undo()) onChange();
        stroke.current = null;
        setLasso(null);
        return;
      }
    }
    if (event.button === 1) return;
    event.preventDefault();
    canvas.current.setPointerCapture(event.pointerId);
    const here = at(event);
    mask.remember();
    const erased = isErased(event);
    if (tool === "fill") {
      mask.fill(here, erased);
      return onChange();
    }
    stroke.current = { id: event.pointerId, last: here, points: [here], erased };
    if (tool === "lasso") setLasso([here]);
    else mask.stroke(here, here, size * pressure(event), erased);
    show();
  };
  const move = (event) => {
    const here = at(event);
    setCursor(here);
    const now = stroke.current;
    if (!now || now.id !== event.pointerId) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      const next = at(part);
      if (tool === "lasso") now.points.push(next);
      else mask.stroke(now.last, next, size * pressure(part), now.erased);
      now.last = next;
    }
    if (tool === "lasso") setLasso([...now.points]);
    else show();
  };
  const up = (event) => {
    touches.current.delete(event.pointerId);
    const now = stroke.current;
    if (!now || now.id !== event.pointerId) return;
    if (tool === "lasso") mask.area(now.points, now.erased);
    stroke.current = null;
    setLasso(null);
    onChange();
  };
  // By the keyboard: arrows move the brush, space paints.
  const key = (event) => {
    const here = cursor ?? { x: place.width / place.by / 2, y: place.height / place.by / 2 };
    const by = Math.max(1, size / 4);
    const step = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
    if (step && !event.shiftKey) {
      setCursor({ x: Math.min(place.width / place.by, Math.max(0, here.x + step[0])), y: Math.min(place.height / place.by, Math.max(0, here.y + step[1])) });
    } else if (event.key === " ") {
      mask.remember();
      if (tool === "fill") mask.fill(here, event.altKey);
      else mask.stroke(here, here, size, tool === "eraser" || event.altKey);
      onChange();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const ring = cursor && tool !== "fill" && tool !== "lasso" && html`<span class="ring"
    style=${{ width: `${size * place.by}px`, height: `${size * place.by}px`, left: `${(cursor.x - size / 2) * place.by}px`, top: `${(cursor.y - size / 2) * place.by}px` }}>
    </span>`;
  const cross = cursor && (tool === "fill" || tool === "lasso") && html`<span class="cross"
    style=${{ left: `${cursor.x * place.by}px`, top: `${cursor.y * place.by}px` }}></span>`;
  return html`<div class="painter" tabindex="0" role="application" aria-label=${t("paint.area")} onPointerDown=${down} onPointerMove=${move}
    onPointerUp=${up} onPointerCancel=${up} onPointerLeave=${() => !stroke.current && setCursor(null)}
    onContextMenu=${(event) => event.preventDefault()} onKeyDown=${key}>
    <canvas ref=${canvas} width=${mask.canvas.width} height=${mask.canvas.height}></canvas>
    ${lasso && html`<svg class="lasso" viewBox=${`0 0 ${place.width} ${place.height}`} aria-hidden="true"><polygon
      points=${lasso.map(({ x, y }) => `${x * place.by},${y * place.by}`).join(" ")} /></svg>`}
    ${ring}${cross}
  </div>`;
}

/** Pens say how hard they are pressed; mice say half. */
const pressure = (event) => (event.pointerType === "pen" && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1);
