// In which order candidates are shown, and which of them.
import { t } from "../words.js";
import { rank } from "../state.js";

/** Scores of which less is better; of all others, more is. */
const LESS = new Set(["plausibility", "sharpness", "bent", "distance", "error"]);

const place = { good: 0, fair: 1, bad: 2, none: 3 };
const KEYS = {
  number: (candidate) => candidate.number,
  verdict: (candidate) => place[rank(candidate.verdict)] + (candidate.scores?.bent ?? 0) / 1000,
  db: (candidate) => -candidate.db,
  rating: (candidate) => -(candidate.rating ?? 0) - (candidate.star ? 0.5 : 0),
};

/** The orders that there are for these candidates: [key, words]. */
export function orders(candidates) {
  const scores = new Set();
  for (const candidate of candidates) for (const [key, value] of Object.entries(candidate.scores ?? {})) if (Number.isFinite(value)) scores.add(key);
  return [...Object.keys(KEYS), ...[...scores].sort()].map((key) => [key, scoreName(key)]);
}

export const scoreName = (key) => {
  const words = t(`score.${key}`);
  return words === `score.${key}` ? key : words;
};

/** A sorted copy: what has no such score comes last, what is equal in the order of the numbers. */
export function sorted(candidates, by) {
  const key = KEYS[by] ?? ((candidate) => {
    const value = candidate.scores?.[by];
    return Number.isFinite(value) ? (LESS.has(by) ? value : -value) : Infinity;
  });
  return candidates.map((candidate) => [key(candidate), candidate]).sort(([a, x], [b, y]) => (a === b ? 0 : a - b) || x.number - y.number).map(([, candidate]) => candidate);
}

export const FILTERS = ["all", "matched", "good", "fair", "bad", "star"];

export function isShown(candidate, filter) {
  if (filter === "all") return true;
  if (filter === "star") return candidate.star || candidate.rating > 0;
  if (filter === "matched") return candidate.reached;
  return rank(candidate.verdict) === filter;
}
