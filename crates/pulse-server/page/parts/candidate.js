// One candidate: large, held against others, rated, and the way to walk and to steer from it.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { go, to } from "../route.js";
import { Choice, Icon, IconButton, Verdict, useApp, useHeading } from "../ui/controls.js";
import { Compare, WAYS } from "../ui/compare.js";
import { Zoom, viewKeys } from "../ui/stage.js";
import { scoreName } from "../ui/order.js";
import { useKeys } from "../ui/keys.js";
import { openWalk, walkOf } from "../ui/walks.js";
import { isBusy } from "../state.js";
import { listed } from "./gallery.js";
import { Legend } from "./legend.js";

/** How long one looks at a candidate before the walk from it is opened ahead. */
const AHEAD_MS = 500;

/** How candidates were looked at last: it stays so for the next one. */
const look = { way: "alone", against: "given", other: null, certainty: 0 };

/** What a candidate can be held against: [key, words, is missing]. */
function againsts(node, candidate) {
  return [
    ["given", t("against.given"), !node.target],
    ["bicubic", t("against.bicubic"), !node.bicubic],
    ["small", t("against.small"), !candidate.small],
    ["candidate", t("against.candidate"), node.candidates.length < 2],
    ["mean", t("against.mean"), !node.mean],
    ["original", t("original"), !node.original],
  ].filter(([, , isMissing]) => !isMissing);
}

export default function Candidate({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const [, again] = useState(0);
  const node = store.node(place.node);
  const candidate = store.candidate(place.node, place.candidate);
  const heading = useHeading(`${place.node}/${place.candidate}`);
  const set = (change) => {
    Object.assign(look, change);
    again((count) => count + 1);
  };
  const list = node ? listed(node) : [];
  const all = list.some((one) => one.number === place.candidate) ? list : (node?.candidates ?? []);
  const at = all.findIndex((one) => one.number === place.candidate);
  const step = (by) => () => {
    const next = all[(at + by + all.length) % all.length];
    if (next && next.number !== place.candidate) location.replace(to.candidate(place.node, next.number));
  };
  const base = candidate?.image ?? { width: 64, height: 64 };
  const rate = (rating) => () => app.mark(node, candidate, { rating });
  const likeThis = (amount) => app.search(`/nodes/${node.id}/steer`, { candidate: candidate.number, keep: null, vary: null, like: true, amount, toward: null, candidates: 8, spread: null });
  const way = (key) => () => set({ way: look.way === key ? "alone" : key });
  useKeys(candidate ? {
    ArrowRight: step(1), ArrowLeft: step(-1), s: () => app.mark(node, candidate, { star: !candidate.star }),
    0: rate(0), 1: rate(1), 2: rate(2), 3: rate(3), 4: rate(4), 5: rate(5),
    a: way("alone"), x: way("split"), v: way("beside"), b: way("blink"), d: way("difference"),
    u: () => node.certainty && set({ certainty: look.certainty ? 0 : 0.7 }),
    w: () => go(to.candidate(node.id, candidate.number, "walk")), p: () => go(to.candidate(node.id, candidate.number, "steer")), l: () => void likeThis(0.3),
    ...viewKeys(base),
  } : {});
  useEffect(() => {
    // What is next is fetched before it is asked for.
    for (const by of [1, -1]) {
      const next = all[(at + by + all.length) % all.length];
      if (next?.image) new Image().src = backend.picture(next.image);
    }
  }, [at, node?.id]);
  useAhead(app, place, candidate);
  if (!candidate) return html`<div class="start"><h1 ref=${heading} tabindex="-1">${t("gone.candidate")}</h1><a class="button"
    href=${to.node(place.node)}>${t("back")}</a></div>`;

  const options = againsts(node, candidate);
  const against = options.some(([key]) => key === look.against) ? look.against : options[0]?.[0];
  const other = store.candidate(node.id, look.other) && look.other !== candidate.number ? look.other : node.candidates.find((one) => one.number !== candidate.number)?.number;
  const pictures = {
    given: () => node.target, bicubic: () => node.bicubic, small: () => candidate.small, mean: () => node.mean, original: () => node.original,
    candidate: () => store.candidate(node.id, other)?.image,
  };
  const image = against ? pictures[against]() : null;
  const words = against === "candidate" ? t("candidate", { n: other }) : options.find(([key]) => key === against)?.[1];
  const difference = differenceOf({ backend, node, candidate, against, other, words });
  const isSearching = candidate.state === "searching";
  return html`<div class="single">
    <div class="single-stage">
      <${Compare} way=${look.way} base=${base} label=${t("candidate", { n: candidate.number })}
        shown=${{ src: backend.picture(candidate.image), alt: t("candidate", { n: candidate.number }) }}
        against=${image ? { src: backend.picture(image), alt: words } : null} difference=${difference}
        overlay=${look.certainty > 0 && node.certainty ? { src: backend.picture(node.certainty), alt: t("certainty.over"), opacity: look.certainty } : null} />
      <${Zoom} base=${base} />
      <div class="stage-tools">
        <${Choice} name="way" label=${t("ways")} value=${look.way} onChange=${(key) => set({ way: key })}
          options=${WAYS.map((key) => [key, t(`way.${key}`), key !== "alone" && !image])} />
        ${look.way !== "alone" && html`<label class="inline"><span>${t("against")}</span><select id="against" value=${against}
          onChange=${(event) => set({ against: event.target.value })}>${options.map(([key, name]) => html`<option key=${key} value=${key}>
          ${name}</option>`)}</select></label>
          ${against === "candidate" && html`<label class="inline"><span class="visually-hidden">${t("against.other")}</span><select value=${other}
            onChange=${(event) => set({ other: Number(event.target.value) })}>
            ${node.candidates.filter((one) => one !== candidate).map((one) => html`<option key=${one.number} value=${one.number}>
            ${one.number}</option>`)}</select></label>`}`}
        ${node.certainty && html`<${Certainty} node=${node} value=${look.certainty} onChange=${(certainty) => set({ certainty })} />`}
      </div>
      ${all.length > 1 && html`<${Strip} node=${node} all=${all} at=${at} />`}
    </div>
    <aside class="single-panel" aria-label=${t("candidate", { n: candidate.number })}>
      <div class="stepper"><${IconButton} icon="left" label=${t("previous")} hint="←" onClick=${step(-1)} disabled=${all.length < 2} /><h1
        ref=${heading} tabindex="-1">${t("candidate", { n: candidate.number })}</h1><${IconButton} icon="right" label=${t("next")} hint="→"
        onClick=${step(1)} disabled=${all.length < 2} /></div>
      <p class="figures"><strong>${t("db", { db: figure(candidate.db, 1) })}</strong> <${Verdict} candidate=${candidate} /></p>
      <${Rating} candidate=${candidate} onStar=${() => app.mark(node, candidate, { star: !candidate.star })}
        onRate=${(rating) => app.mark(node, candidate, { rating })} />
      ${!isSearching && html`<div class="ways-on">
        <a class="button primary" href=${to.candidate(node.id, candidate.number, "walk")}>${t("walk.open")}</a>
        <a class="button" href=${to.candidate(node.id, candidate.number, "steer")}><${Icon} name="brush" /> ${t("steer.open")}</a>
        <div class="group"><span class="label" id="like-label">${t("like")}</span><div class="row" role="group" aria-labelledby="like-label"><button
          type="button" onClick=${() => likeThis(0.15)}>${t("like.little")}</button><button type="button" onClick=${() => likeThis(0.45)}>
          ${t("like.lot")}</button></div></div>
        ${node.candidates.length > 1 && html`<${PathTo} node=${node} candidate=${candidate} other=${other}
          onOther=${(number) => set({ other: number })} />`}
      </div>`}
      <dl class="scores">
        ${candidate.small && html`<div class="minis"><dt>${t("against.small")}</dt><dd><img class="pixels" src=${backend.picture(candidate.small)}
          alt=${t("against.small")} width="64" />${candidate.residual && html`<img class="pixels" src=${backend.picture(candidate.residual)}
          alt=${t("difference.small")} width="64" title=${t("difference.small")} />`}</dd></div>`}
        ${Object.entries(candidate.scores ?? {}).filter(([, value]) => Number.isFinite(value)).map(([key, value]) => html`<div key=${key}><dt>
          ${scoreName(key)}</dt><dd>${figure(value, Math.abs(value) < 1 ? 3 : 1)}</dd></div>`)}
        ${Number.isFinite(candidate.error) && html`<div><dt>${t("score.error")}</dt><dd>${figure(candidate.error, 1)}</dd></div>`}
      </dl>
      <a class="button quiet-button" href=${backend.download(node.id, candidate.number)} download><${Icon} name="carry" /> ${t("download")}</a>
    </aside>
  </div>`;
}

/** Opens the walk from a candidate that is looked at for a while, if nothing else is being computed: it is there when it is wanted. */
function useAhead(app, place, candidate) {
  const { store, backend } = app;
  const isIdle = !backend.isAlone && candidate && candidate.state !== "searching" && !store.session.nodes.some(isBusy);
  useEffect(() => {
    if (!isIdle) return undefined;
    const timer = setTimeout(() => {
      if (!walkOf(store, place) && !store.session.walks.some((walk) => walk.state === "opening")) void openWalk(app, { ...place, to: null });
    }, AHEAD_MS);
    return () => clearTimeout(timer);
  }, [place.node, place.candidate, isIdle]);
}

/** The picture of a difference, and what is said about its scale. */
function differenceOf({ backend, node, candidate, against, other, words }) {
  // What it shrinks to is what can be held against the given picture.
  if (against === "small" || against === "given") return candidate.residual ? { src: backend.picture(candidate.residual), alt: t("difference.small"), note: t("difference.small") } : null;
  if (!against) return null;
  const request = against === "candidate" ? { with: "candidate", other } : { with: against };
  return { src: backend.difference(node.id, candidate.number, request), alt: t("difference.of", { words }), note: t("difference.of", { words }) };
}

function Certainty({ node, value, onChange }) {
  return html`<div class="certainty"><label class="inline"><span>${t("certainty")}</span><input type="range" min="0" max="1" step="0.05"
    value=${value} onInput=${(event) => onChange(Number(event.target.value))} /></label>
    ${value > 0 && html`<${Legend} scale=${node.certainty_scale ?? node.summary?.certainty_scale} />`}</div>`;
}

function Rating({ candidate, onStar, onRate }) {
  return html`<div class="rating"><${IconButton} icon="star" class="icon-button star large" filled=${candidate.star} pressed=${candidate.star}
    label=${t("keep")} hint="s" onClick=${onStar} />
    <fieldset class="stars"><legend class="visually-hidden">${t("rate")}</legend>${[1, 2, 3, 4, 5].map((rating) => html`<label key=${rating}
      class=${candidate.rating >= rating ? "on" : ""} title=${t("rated", { n: rating })}><input type="radio" name="rating" value=${rating}
      checked=${candidate.rating === rating} onChange=${() => onRate(rating)} /><span aria-hidden="true">${rating}</span><span
      class="visually-hidden">${t("rated", { n: rating })}</span></label>`)}</fieldset>
  </div>`;
}

function PathTo({ node, candidate, other, onOther }) {
  return html`<div class="group"><label class="label" for="path-to">${t("path.to")}</label><div class="row"><select id="path-to" value=${other}
    onChange=${(event) => onOther(Number(event.target.value))}>${node.candidates.filter((one) => one !== candidate).map((one) => html`<option
    key=${one.number} value=${one.number}>${t("candidate", { n: one.number })}</option>`)}</select>
    <a class="button" href=${to.path(node.id, candidate.number, other)}>${t("path.go")}</a></div></div>`;
}

/** The other candidates, in the order of the gallery. */
function Strip({ node, all, at }) {
  const app = useApp();
  const here = useRef();
  useEffect(() => {
    const strip = here.current?.parentElement?.parentElement;
    if (strip) strip.scrollLeft = here.current.offsetLeft - strip.clientWidth / 2 + 28;
  }, [at]);
  // Of many, those that are near.
  const first = Math.max(0, at - 30);
  return html`<nav class="strip" aria-label=${t("candidates")} tabindex="0"><ol>${all.slice(first, at + 31).map((one) => html`<li key=${one.number}>
    <a ref=${one.number === all[at]?.number ? here : undefined} href=${to.candidate(node.id, one.number)}
    aria-current=${one.number === all[at]?.number ? "true" : undefined} aria-label=${t("candidate", { n: one.number })}>
    <img class="pixels" src=${app.backend.picture(one.image)} alt="" width="56" height="56" loading="lazy" /></a></li>`)}</ol></nav>`;
}
