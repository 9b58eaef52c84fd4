// The keyboard: whoever is shown last is asked first, so that an open dialog comes before the page behind it.
import { useEffect, useRef } from "../vendor/htm-preact.js";

const layers = [];
const KEPT = "pulse.keys";

/** Whether single letters do anything: people who speak to their computer may not want that. */
export const single = {
  get: () => localStorage.getItem(KEPT) !== "off",
  set: (on) => localStorage.setItem(KEPT, on ? "on" : "off"),
};

/** `mod+shift+z`, `ArrowLeft`, `?`: how the maps below name a key. */
function nameOf(event) {
  const mod = event.ctrlKey || event.metaKey;
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const parts = [];
  if (mod) parts.push("mod");
  // A shifted sign is a sign of its own; a shifted letter, or a shifted arrow, is not.
  if (event.shiftKey && (mod || event.key.length > 1 || /[a-z]/i.test(event.key))) parts.push("shift");
  return [...parts, letter].join("+");
}

const isText = (element) => element.matches?.("input:not([type=range], [type=checkbox], [type=radio], [type=color], [type=file]), textarea, [contenteditable]");
const isMoved = (element) => element.matches?.("input[type=range], input[type=radio], select, [role=slider], [role=tab]");
const NATIVE = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", " "]);

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const name = nameOf(event);
  const { target } = event;
  if (isText(target) && name !== "Escape") return;
  if (isMoved(target) && NATIVE.has(event.key) && !(event.key === " " && target.type === "range")) return;
  if (target.matches?.("select") && event.key.length === 1) return;
  // Enter and space belong to whatever has the focus.
  if ((event.key === "Enter" || event.key === " ") && target.matches?.("a, button, summary, label, input:not([type=range])")) return;
  if (event.key.length === 1 && !name.startsWith("mod") && name !== "?" && !single.get()) return;
  for (let place = layers.length - 1; place >= 0; place--) {
    const { keys, isModal } = layers[place].current;
    if (keys[name]) {
      if (keys[name](event) !== false) event.preventDefault();
      return;
    }
    if (isModal) return;
  }
});

/**
 * The keys of what is shown.
 * @param {Record<string, (event: KeyboardEvent) => void | false>} keys
 */
export function useKeys(keys, isModal = false) {
  const layer = useRef({ keys, isModal });
  layer.current = { keys, isModal };
  useEffect(() => {
    layers.push(layer);
    return () => layers.splice(layers.indexOf(layer), 1);
  }, []);
}
