// Light, dark, or as the system is.
const KEPT = "pulse.theme";

export const theme = () => localStorage.getItem(KEPT) ?? "auto";

export function setTheme(value) {
  if (value === "auto") localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, value);
  document.documentElement.dataset.theme = value;
}
