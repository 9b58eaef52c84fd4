// The words of the page, in one language at a time. A language is one file in `words/`; what it lacks is said in English.
import english from "./words/en.js";

/** The languages that there are: their code, and what they call themselves. */
export const LANGUAGES = [["en", "English"], ["de", "Deutsch"]];
const KEPT = "pulse.language";

let chosen = english;
let code = "en";

/** The code of the language that is spoken. */
export const language = () => code;

/**
 * Words by their key. What depends on figures is a function of them in the language's file.
 * @param {string} key
 * @param {Record<string, any>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const words = chosen[key] ?? english[key];
  if (words === undefined) return key;
  return typeof words === "function" ? words(values) : words;
}

/** Whether the language has words of its own under this key. */
export const has = (key) => key in chosen;

/** Loads the language that was chosen before, or the browser's, and says so to the document. */
export async function speak(wanted) {
  const kept = wanted ?? localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  code = LANGUAGES.some(([name]) => name === kept) ? kept : "en";
  if (wanted) localStorage.setItem(KEPT, code);
  chosen = code === "en" ? english : (await import(`./words/${code}.js`)).default;
  document.documentElement.lang = code;
}

/** A figure with so many digits, as the language writes it. */
export const figure = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString(code, { minimumFractionDigits: digits, maximumFractionDigits: digits });
