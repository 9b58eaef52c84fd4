// Pictures that are dropped on the page, pasted into it, or chosen; and sessions that were carried away.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { t } from "../words.js";
import { go, to } from "../route.js";

/** Hands the files to the server and gives back the pictures that it made of them. */
export async function upload(app, files) {
  const pictures = [];
  const most = app.store.session.limits?.upload_bytes;
  for (const file of files) {
    if (most && file.size > most) {
      app.complain(t("upload.large", { name: file.name, most: Math.floor(most / 2 ** 20) }));
      continue;
    }
    const picture = await app.act(() => app.backend.upload(file.name || "pasted.png", file));
    if (!picture) continue;
    app.store.apply("picture", picture);
    pictures.push(picture);
  }
  return pictures;
}

const SESSION = /\.pulse$/i;

/** Opens a session that was carried away: a page without a server does, and a server when it is started. */
async function openSession(app, file) {
  const { store, backend } = app;
  if (!backend.openSession) return app.complain(t("session.elsewhere", { name: file.name }));
  const holdsSomething = store.session.nodes.length + store.session.pictures.length > 0;
  if (holdsSomething && !confirm(t("session.sure"))) return undefined;
  const isOpen = await app.act(async () => {
    await backend.openSession(file);
    await store.load();
    return true;
  });
  if (!isOpen) return undefined;
  app.undo.clear();
  const last = store.session.nodes.at(-1);
  go(last ? to.node(last.id) : to.start());
  return app.say(t("session.opened", { name: file.name }));
}

/** Takes the files up, and goes to where they are prepared. */
export async function receive(app, files) {
  if (files.length === 0) return;
  const session = files.find((file) => SESSION.test(file.name ?? ""));
  if (session) {
    await openSession(app, session);
    return;
  }
  app.isUploading = true;
  app.draw();
  const pictures = await upload(app, files);
  app.isUploading = false;
  app.draw();
  if (pictures.length > 0) go(to.picture(pictures[0].id));
  if (pictures.length > 1) app.say(t("upload.several", { n: pictures.length }));
}

const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Listens to the whole window. Says whether something is held over it. */
export function useReceived(app) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    let left;
    const over = (event) => {
      if (!holdsFiles(event) || event.target.closest?.("[data-drop]")) return setOver(false);
      event.preventDefault();
      clearTimeout(left);
      setOver(true);
      return undefined;
    };
    // The pointer leaves one element as it enters the next: only when none follows has it left the window.
    const leave = () => {
      clearTimeout(left);
      left = setTimeout(() => setOver(false), 80);
    };
    const drop = (event) => {
      setOver(false);
      if (!holdsFiles(event) || event.target.closest?.("[data-drop]")) return;
      event.preventDefault();
      receive(app, [...event.dataTransfer.files]);
    };
    const paste = (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) receive(app, files);
    };
    const all = { dragover: over, dragleave: leave, drop, paste };
    for (const [name, listener] of Object.entries(all)) addEventListener(name, listener);
    return () => Object.entries(all).forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);
  return isOver;
}
