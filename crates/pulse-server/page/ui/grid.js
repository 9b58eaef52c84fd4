// A grid of cards of which only those in sight exist, so that five hundred scroll as eight do.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";

const GAP = 12;
/** Rows that are kept above and below what is seen. */
const BEYOND = 2;

/**
 * @param {{items: any[], least: number, aspect: number, foot: number, label: string, draw: (item: any, place: number) => any, keyOf: (item: any) => any, onColumns?: (count: number) => void, reveal?: number, stamp: string}} props
 *   `least`: the width that a card has at least; `foot`: the height of what stands below its picture; `stamp`: what all
 *   cards depend on beside their items
 */
export function Grid({ items, least, aspect, foot, label, draw, keyOf, onColumns, reveal, stamp }) {
  const room = useRef();
  const drawn = useRef(new Map());
  const [width, setWidth] = useState(0);
  const [rows, setRows] = useState([0, 6]);
  const columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
  const cell = (width - GAP * (columns - 1)) / columns;
  const height = Math.round(cell / aspect) + foot;
  const total = Math.ceil(items.length / columns);

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(room.current);
    setWidth(room.current.clientWidth);
    return () => observer.disconnect();
  }, []);
  useEffect(() => onColumns?.(columns), [columns]);
  useLayoutEffect(() => {
    if (!width) return undefined;
    const look = () => {
      const top = -room.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(top / (height + GAP)) - BEYOND);
      const last = Math.ceil((top + innerHeight) / (height + GAP)) + BEYOND;
      setRows((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [width, height, items.length]);
  // The one with the focus has to be there to have it.
  useEffect(() => {
    if (reveal === undefined || reveal < 0) return;
    const top = room.current.getBoundingClientRect().top + Math.floor(reveal / columns) * (height + GAP);
    const above = document.querySelector(".top")?.offsetHeight ?? 0;
    if (top < above) scrollBy(0, top - above - GAP);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight + GAP);
  }, [reveal]);

  // A card that is the same as before is not looked at again: while one scrolls, most are.
  const before = drawn.current;
  const known = new Map();
  const look = `${stamp}/${cell}/${height}/${items.length}`;
  for (let place = rows[0] * columns; place < Math.min(items.length, rows[1] * columns); place++) {
    const item = items[place];
    const key = keyOf(item);
    const old = before.get(key);
    if (old && old.item === item && old.place === place && old.look === look) {
      known.set(key, old);
      continue;
    }
    const x = (place % columns) * (cell + GAP);
    const y = Math.floor(place / columns) * (height + GAP);
    const node = html`<li key=${key} class="cell" aria-setsize=${items.length} aria-posinset=${place + 1}
      style=${{ width: `${cell}px`, height: `${height}px`, transform: `translate(${x}px, ${y}px)` }}>${draw(item, place)}</li>`;
    known.set(key, { item, place, look, node });
  }
  drawn.current = known;
  const shown = [...known.values()].map(({ node }) => node);
  return html`<ul class="grid" ref=${room} aria-label=${label} style=${{ height: `${Math.max(0, total * (height + GAP) - GAP)}px` }}>
    ${width > 0 && shown}</ul>`;
}
