// Walking: along what else a candidate could be, or from one candidate to another. Every picture on the way is consistent.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { go, to } from "../route.js";
import { Icon, Verdict, useApp, useHeading } from "../ui/controls.js";
import { createFollower, nearest } from "../ui/frames.js";
import { Stage, Zoom, viewKeys } from "../ui/stage.js";
import { useKeys } from "../ui/keys.js";
import { openWalk, walkOf, whereabouts } from "../ui/walks.js";

/** Positions are rounded, so that what was computed once is found again. */
const GRID = 100;
const snapped = (at) => Math.round(at * GRID) / GRID;
/** What tells this page from others that walk. */
const PAGE = Math.random().toString(36).slice(2);
const FRAME_MS = 60;
/** How far a path plays at a time. */
const STRIDE = 1 / 50;

/** The walk of this place, opened if there is none. */
function useWalk(app, place) {
  const { store } = app;
  const walk = walkOf(store, place);
  const asked = useRef(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const key = `${place.node}/${place.candidate}/${place.to}`;
    if (walk || asked.current === key || !store.candidate(place.node, place.candidate)) return;
    asked.current = key;
    void openWalk(app, place).then((is) => setFailed(!is));
  });
  return [walk, failed];
}

export default function Walk({ place }) {
  const app = useApp();
  const { store, backend } = app;
  const node = store.node(place.node);
  const candidate = store.candidate(place.node, place.candidate);
  const isPath = place.screen === "path";
  const [walk, failed] = useWalk(app, place);
  const [position, setPosition] = useState({ direction: isPath ? null : 0, at: 0 });
  const [isPlaying, setPlaying] = useState(false);
  const heading = useHeading(`${place.node}/${place.candidate}/${place.to}`);
  const walking = useRef(walk);
  walking.current = walk;
  const follower = useMemo(() => createFollower(
    (direction, at) => app.act(() => backend.command(`/walks/${walking.current.id}/frame`, { direction, at, page: PAGE })),
    (frame) => store.apply("frame", { walk: walking.current.id, frame }),
  ), []);
  app.frameTimes = follower.times;
  const isOpen = walk?.state === "open";
  const move = (direction, at) => {
    const next = { direction, at: snapped(Math.min(1, Math.max(isPath ? 0 : -1, at))) };
    setPosition(next);
    if (isOpen) follower.want(walk.frames, next.direction, next.at);
  };
  useEffect(() => {
    if (isOpen) follower.want(walk.frames, position.direction, position.at);
  }, [isOpen]);
  useEffect(() => {
    if (!isPlaying) return undefined;
    let way = 1;
    const timer = setInterval(() => setPosition((before) => {
      const least = isPath ? 0 : -1;
      if (before.at >= 1) way = -1;
      if (before.at <= least) way = 1;
      const at = snapped(before.at + way * STRIDE * (isPath ? 1 : 2));
      follower.want(walking.current?.frames ?? [], before.direction, at);
      return { ...before, at };
    }), FRAME_MS);
    return () => clearInterval(timer);
  }, [isPlaying]);
  useEffect(() => () => follower.rest(), []);
  const base = candidate?.image ?? { width: 64, height: 64 };
  const directions = walk?.directions ?? [];
  const turn = (by) => () => directions.length > 0 && move(((position.direction ?? 0) + by + directions.length) % directions.length, 0);
  useKeys({
    ArrowRight: () => move(position.direction, position.at + 0.05), ArrowLeft: () => move(position.direction, position.at - 0.05),
    ...(isPath ? {} : { ArrowUp: turn(-1), ArrowDown: turn(1) }),
    " ": () => setPlaying(!isPlaying), ...viewKeys(base),
  });
  if (!candidate) return html`<div class="start"><h1 ref=${heading} tabindex="-1">${t("gone.candidate")}</h1><a class="button" href="#/">
    ${t("new")}</a></div>`;

  const frame = walk ? nearest(walk.frames, position.direction, position.at) : null;
  const image = frame?.image ?? candidate.image;
  const isSettled = frame && Math.abs(frame.at - position.at) < 1e-4 && frame.exact !== false;
  const keep = (amount) => app.search(`/nodes/${node.id}/steer`, { candidate: candidate.number, keep: null, vary: null, like: true, amount, toward: null, candidates: 8, spread: null });
  return html`<div class="single walk" data-settled=${isSettled || !isOpen ? "" : undefined}>
    <div class="single-stage">
      <div class="stages"><${Stage} base=${base} label=${t("walk.picture")}
        layers=${[{ key: "frame", src: backend.picture(image), alt: t("walk.picture") }]} badge=${isSettled || !isOpen ? null : t("walk.settling")} />
        </div>
      <${Zoom} base=${base} />
      <div class="stage-tools">
        <p class="figures" role="status">${frame ? html`<strong>${t("db", { db: figure(frame.db, 1) })}</strong> <${Verdict}
          candidate=${{ reached: true, state: "finished", ...frame }} />` : html`<strong>
          ${t("db", { db: figure(candidate.db, 1) })}</strong> <${Verdict} candidate=${candidate} />`}</p>
      </div>
    </div>
    <aside class="single-panel" aria-label=${t(`screen.${place.screen}`)}>
      <h1 ref=${heading} tabindex="-1">
        ${isPath ? t("path.title", { from: place.candidate, to: place.to }) : t("walk.title", { n: place.candidate })}</h1>
      <p class="quiet">${isPath ? t("path.note") : t("walk.note")}</p>
      ${failed || walk?.state === "failed" ? html`<p class="bad" role="alert">${walk?.error ?? t("walk.failed")}</p>` : !isOpen && html`<div><p
        class="waiting" role="status">${t("walk.opening")}</p><progress class="thin" max="1" value=${walk?.done ?? 0} aria-label=${t("progress")}>
        </progress></div>`}
      ${isPath ? html`<${Ends} node=${node} from=${candidate} end=${store.candidate(node.id, place.to)} />
          <input type="range" class="long path-range" min="0" max="1" step="0.01" value=${position.at} disabled=${!isOpen}
            aria-label=${t("path.slider", { from: place.candidate, to: place.to })}
            aria-valuetext=${t("path.at", { at: Math.round(position.at * 100) })}
            onInput=${(event) => { setPlaying(false); move(null, Number(event.target.value)); }} />
          <button type="button" disabled=${!isOpen} aria-pressed=${isPlaying} onClick=${() => setPlaying(!isPlaying)}><${Icon}
            name=${isPlaying ? "pause" : "play"} filled=${!isPlaying} /> ${t(isPlaying ? "pause" : "play")}</button>`
      : html`<ol class="directions">${directions.map((direction) => {
          const isHere = position.direction === direction.index;
          const at = isHere ? position.at : 0;
          const ends = [-1, 1].map((side) => nearest(walk.frames.filter((one) => one.direction === direction.index && Math.abs(one.at - side) < 0.51), direction.index, side));
          const end = (one, side) => html`<button type="button" class="end-picture"
            aria-label=${t("direction.end", { n: direction.index + 1, side })} onClick=${() => { setPlaying(false); move(direction.index, side); }}>
            ${one ? html`<img class="pixels" src=${backend.picture(one.image)} alt="" width="44" height="44" />` : html`<span class="blank"
            aria-hidden="true">${side < 0 ? "−" : "+"}</span>`}</button>`;
          return html`<li key=${direction.index} class=${isHere ? "here" : ""}>
            ${end(ends[0], -1)}
            <label><span>${t("direction", { n: direction.index + 1 })}${direction.part && html`, <span
              class="quiet">${t(`where.${whereabouts(direction.part, base)}`)}</span>`}</span>
            <input type="range" min="-1" max="1" step="0.01" value=${at} aria-valuetext=${t("direction.at", { at: Math.round(at * 100) })}
              onInput=${(event) => { setPlaying(false); move(direction.index, Number(event.target.value)); }} /></label>
            ${end(ends[1], 1)}</li>`;
        })}</ol>`}
      <div class="group"><span class="label" id="near-label">${t("like")}</span><div class="row" role="group" aria-labelledby="near-label"><button
        type="button" onClick=${() => keep(0.15)}>${t("like.little")}</button><button type="button" onClick=${() => keep(0.45)}>
        ${t("like.lot")}</button></div></div>
      <a class="button" href=${to.candidate(node.id, candidate.number)}><${Icon} name="back" /> ${t("candidate", { n: candidate.number })}</a>
    </aside>
  </div>`;
}

function Ends({ node, from, end }) {
  const app = useApp();
  const one = (candidate) => candidate && html`<a href=${to.candidate(node.id, candidate.number)}><img class="pixels"
    src=${app.backend.picture(candidate.image)} alt=${t("candidate", { n: candidate.number })} width="72" height="72" /></a>`;
  return html`<div class="ends">${one(from)}<span aria-hidden="true">→</span>${one(end)}</div>`;
}
