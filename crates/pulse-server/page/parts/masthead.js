// What stands above the candidates of a node: the given picture, what was found, how far the search is.
import { html } from "../vendor/htm-preact.js";
import { figure, t } from "../words.js";
import { to } from "../route.js";
import { isBusy, pictureName } from "../state.js";
import { Icon, Verdict, useApp, useHeading } from "../ui/controls.js";
import { nodeName } from "./history.js";

/** What was found, in a sentence. */
export function found(node, generator) {
  const several = generator ? t(`subject.${generator.subject}`) : "";
  if (node.state === "failed") return t("found.failed", { why: node.error });
  if (isBusy(node)) return t(`state.${node.state}.long`, { several });
  const finished = node.candidates.filter((candidate) => candidate.state === "finished");
  const matched = finished.filter((candidate) => candidate.reached);
  const worst = Math.min(...matched.map((candidate) => candidate.db));
  return t("found", { all: node.candidates.length, finished: finished.length, matched: matched.length, worst: figure(Math.floor(worst)), several, isStopped: node.state === "stopped" });
}

/** The same search, but for whether candidates are pushed apart. */
function again({ picture, generator, request }) {
  const { measurement, sigma, candidates, spread, seed, steps, sampler } = request;
  return { picture, generator, measurement, sigma, candidates, spread: !spread, seed, steps, sampler };
}

export function Masthead({ node, screen }) {
  const app = useApp();
  const { store, backend } = app;
  const heading = useHeading(node.id);
  const generator = store.generator(node.generator);
  const command = (path, body) => app.act(() => backend.command(`/nodes/${node.id}/${path}`, body));
  const tab = (key, href) => html`<a href=${href} aria-current=${screen === key ? "page" : undefined}>${t(`tab.${key}`)}</a>`;
  const hasTree = node.tree && node.candidates.length > 2;
  return html`<div class="masthead">
    ${node.target && html`<figure class="given"><img class="pixels" src=${backend.picture(node.target)} alt=${t("given")} /><figcaption>
      ${t("given.caption", node.target)}</figcaption></figure>`}
    ${node.original && html`<figure class="given"><img class="pixels" src=${backend.picture(node.original)} alt=${t("original")} /><figcaption>
      ${t("original")}</figcaption></figure>`}
    <div class="masthead-words">
      <h1 ref=${heading} tabindex="-1">
        ${node.kind === "search" && !node.name && node.picture ? t("title", { name: pictureName(store, node) }) : nodeName(node)}</h1>
      <p class="lead" role="status">${found(node, generator)}</p>
      ${node.summary?.verdict && !isBusy(node) && html`<p class="together"><${Verdict}
        candidate=${{ reached: true, state: "finished", verdict: node.summary.verdict }} /></p>`}
      ${node.notes?.map((note) => html`<p key=${note} class="quiet">${note}</p>`)}
      ${node.note && html`<p class="note">${node.note}</p>`}
      ${isBusy(node) ? html`<div class="working">
          <progress max="1" value=${node.state === "queued" ? 0 : node.progress?.done ?? 0} aria-label=${t("progress")}></progress>
          <span class="quiet left">${node.progress?.left > 0.5 ? t("left", { seconds: Math.ceil(node.progress.left) }) : ""}</span>
          <button type="button" onClick=${() => command("stop")}><${Icon} name="stop" /> ${t("stop")}</button>
        </div>`
      : html`<div class="row">
          ${node.state !== "failed" && html`<button type="button" onClick=${() => command("more", { candidates: 8 })}><${Icon}
            name="plus" /> ${t("more", { n: 8 })}</button>
          <button type="button" onClick=${() => command("more", { candidates: 56 })}><${Icon} name="plus" /> ${t("more", { n: 56 })}</button>
          <button type="button" onClick=${() => app.search("/searches", again(node))} hidden=${node.kind !== "search" || !node.picture}>
            ${t(node.request?.spread ? "spread.off" : "spread.on")}</button>`}
          ${node.state === "stopped" && html`<button type="button" class="primary" onClick=${() => command("go-on")}><${Icon}
            name="play" /> ${t("go-on")}</button>`}
        </div>`}
    </div>
  </div>
  <nav class="tabs" aria-label=${t("tabs")}>
    ${tab("gallery", to.node(node.id))}${hasTree && tab("tree", to.part(node.id, "tree"))}${node.mean && tab("agree", to.part(node.id, "agree"))}</nav>`;
}
