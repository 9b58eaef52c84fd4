// What stands round every screen: the name, the statement, the history, and what is said.
import { html } from "../vendor/htm-preact.js";
import { has, t } from "../words.js";
import { go, to } from "../route.js";
import { Icon, IconButton, useApp } from "../ui/controls.js";
import { useKeys } from "../ui/keys.js";
import { useReceived } from "../ui/received.js";
import { History } from "./history.js";
import { Carry } from "./carry.js";
import { Help } from "./help.js";

/** Says before everything else that what is seen is imagined. */
function Statement({ store, node }) {
  const words = has("statement") ? t("statement") : (node?.statement || store.session.statement);
  return html`<p class="statement">${words}</p>`;
}

function Notices({ app }) {
  const said = app.notices.filter((notice) => notice.kind === "said");
  const wrong = app.notices.filter((notice) => notice.kind === "wrong");
  const one = (notice) => html`<p key=${notice.words} class=${`notice-line ${notice.kind}`}>${notice.words}<${IconButton} icon="close"
    label=${t("dismiss")} onClick=${() => app.forget(notice)} /></p>`;
  return html`<div class="notices"><div role="status">${said.map(one)}</div><div role="alert">${wrong.map(one)}</div></div>`;
}

/** Where one is: the picture's node, the candidate. */
function Trail({ place, store }) {
  const node = store.node(place.node);
  if (!node) return null;
  const name = node.name || t(`kind.${node.kind}`, { from: node.from_candidates?.[0] });
  return html`<nav class="trail" aria-label=${t("trail")}><ol>
    <li><a href=${to.node(node.id)} aria-current=${place.screen === "gallery" ? "page" : undefined}>${name}</a></li>
    ${place.candidate && html`<li><a href=${to.candidate(node.id, place.candidate)} aria-current=${place.screen === "candidate" ? "page" : undefined}>
      ${t("candidate", { n: place.candidate })}</a></li>`}
    ${["walk", "steer", "path", "tree", "agree"].includes(place.screen) && html`<li><span aria-current="page">${t(`screen.${place.screen}`)}</span>
      </li>`}
  </ol></nav>`;
}

export function Shell({ place, children }) {
  const app = useApp();
  const { store } = app;
  const can = app.undo.can();
  const isOver = useReceived(app);
  const isRail = app.showsHistory && store.session.nodes.length > 0;
  useKeys({
    "mod+z": () => app.undo.undo(),
    "mod+shift+z": () => app.undo.redo(),
    "mod+y": () => app.undo.redo(),
    "?": () => app.open("help"),
    h: () => app.toggleHistory(),
    n: () => go(to.start()),
    c: () => app.open("carry"),
    Escape: () => {
      if (["walk", "steer", "path"].includes(place.screen)) return go(to.candidate(place.node, place.candidate));
      if (place.candidate || ["tree", "agree"].includes(place.screen)) return go(to.node(place.node));
      return false;
    },
  });
  const skip = (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
    <header class="top">
      <div class="bar">
        <a class="brand" href="#/" aria-label=${t("home")}><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1 1h6v6H1zM9 9h6v6H9z"/><path
          class="faint" d="M9 1h6v6H9zM1 9h6v6H1z"/></svg><span>PULSE</span></a>
        <${Trail} place=${place} store=${store} />
        <div class="actions">
          <${IconButton} icon="undo" label=${t("undo")} hint="Ctrl Z" disabled=${!can.undo} onClick=${() => app.undo.undo()} />
          <${IconButton} icon="redo" label=${t("redo")} hint="Ctrl Shift Z" disabled=${!can.redo} onClick=${() => app.undo.redo()} />
          ${store.session.nodes.length > 0 && html`
            <${IconButton} icon="history" label=${t("history")} hint="h" pressed=${app.showsHistory} onClick=${() => app.toggleHistory()} />
            <${IconButton} icon="carry" label=${t("carry")} hint="c" onClick=${() => app.open("carry")} />`}
          <${IconButton} icon="help" label=${t("help")} hint="?" onClick=${() => app.open("help")} />
        </div>
      </div>
      <${Statement} store=${store} node=${store.node(place.node)} />
    </header>
    ${store.lost && !store.ended && html`<p class="notice-line wrong lost" role="alert">${t(app.backend.isAlone ? "alone.lost" : "lost")}</p>`}
    ${store.fetching && html`<p class="notice-line said fetching" role="status">${t("alone.fetching", store.fetching)}</p>`}
    ${store.ended && html`<p class="notice-line wrong lost" role="alert">${t("ended")}</p>`}
    <div class=${`room${isRail ? " with-rail" : ""}`}>
      ${isRail && html`<${History} place=${place} />`}
      <main id="main" tabindex="-1">${children}</main>
    </div>
    ${isOver && html`<div class="over" aria-hidden="true"><span>${t("drop.here")}</span></div>`}
    <${Notices} app=${app} />
    ${app.dialog === "help" && html`<${Help} onClose=${() => app.open(null)} />`}
    ${app.dialog === "carry" && html`<${Carry} place=${place} onClose=${() => app.open(null)} />`}`;
}

/** A link that looks like a button. */
export const LinkButton = ({ href, icon, children, ...rest }) => html`<a class="button" href=${href} ...${rest}>${icon && html`<${Icon}
  name=${icon} />`}${children}</a>`;
