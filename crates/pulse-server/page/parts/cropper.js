// The given picture, large: faces and blocks of pixels as boxes to click, and a part of it to be cut out by dragging.
import { html, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { useSize } from "../ui/controls.js";

const LEAST = 4;

export function Cropper({ picture, src, isCropping, crop, onCrop, onFace, onMosaic }) {
  const room = useRef();
  const { width, height } = useSize(room);
  const from = useRef(null);
  const { image } = picture;
  // Small pictures in whole pixels, large ones as large as there is room.
  const free = Math.min(width / image.width, (height || width) / image.height);
  const scale = free > 1 ? Math.floor(free) : free;
  const box = ({ x, y, width, height }) => ({ left: `${x * scale}px`, top: `${y * scale}px`, width: `${width * scale}px`, height: `${height * scale}px` });
  const at = (event) => {
    const edge = event.currentTarget.getBoundingClientRect();
    const limit = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    return { x: limit((event.clientX - edge.left) / scale, image.width), y: limit((event.clientY - edge.top) / scale, image.height) };
  };
  const down = (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = at(event);
  };
  const move = (event) => {
    if (!from.current) return;
    const here = at(event);
    const x = Math.min(from.current.x, here.x);
    const y = Math.min(from.current.y, here.y);
    const part = { x, y, width: Math.abs(here.x - from.current.x), height: Math.abs(here.y - from.current.y) };
    // With shift, a square.
    if (event.shiftKey) part.width = part.height = Math.min(part.width, part.height);
    if (part.width >= LEAST && part.height >= LEAST) onCrop(part);
  };
  const key = (event) => {
    const step = event.altKey ? 10 : 1;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const side = Math.min(image.width, image.height);
    const now = crop ?? { x: 0, y: 0, width: side, height: side };
    const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
    if (event.shiftKey) onCrop({ ...now, width: clamp(now.width + dx, LEAST, image.width - now.x), height: clamp(now.height + dy, LEAST, image.height - now.y) });
    else onCrop({ ...now, x: clamp(now.x + dx, 0, image.width - now.width), y: clamp(now.y + dy, 0, image.height - now.height) });
  };
  return html`<div class="cropper" ref=${room}>${width > 0 && html`<div class="cropped"
    style=${{ width: `${image.width * scale}px`, height: `${image.height * scale}px` }}>
    <img class=${scale >= 1 ? "pixels" : ""} src=${src} alt=${t("given")} />
    ${!isCropping && picture.faces?.map((face, place) => html`<button type="button" key=${place} class="found" style=${box(face)}
      aria-label=${t("face.take", { n: place + 1 })} title=${t("face.take", { n: place + 1 })} onClick=${() => onFace(place)}></button>`)}
    ${!isCropping && picture.blocks && picture.blocks.width < image.width && html`<button type="button" class="found" style=${box(picture.blocks)}
      aria-label=${t("blocks.take", { block: figure(picture.blocks.block) })} title=${t("blocks.take", { block: figure(picture.blocks.block) })}
      onClick=${onMosaic}></button>`}
    ${isCropping && html`<div class="crop-area" tabindex="0" role="application" aria-label=${t("crop.keys")} onPointerDown=${down}
      onPointerMove=${move} onPointerUp=${() => (from.current = null)} onPointerCancel=${() => (from.current = null)} onKeyDown=${key}>
      ${crop && html`<div class="crop-box" style=${box(crop)}></div>`}
    </div>`}
  </div>`}</div>`;
}
