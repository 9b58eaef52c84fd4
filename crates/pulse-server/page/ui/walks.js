// Walks: which one is open at a place, and opening one.

/** The walk of a place, where there is one that did not fail. */
export function walkOf(store, { node, candidate, to }) {
  const end = to ?? null;
  return store.session.walks.findLast((one) => one.node === node && one.candidate === candidate && (one.to ?? null) === end && one.state !== "failed");
}

/** Opens the walk of a place; whether it could be asked for. */
export async function openWalk(app, { node, candidate, to }) {
  const end = to ?? null;
  const directions = end === null ? app.store.session.defaults.directions : null;
  const made = await app.act(() => app.backend.command(`/nodes/${node}/walks`, { candidate, to: end, directions }));
  if (made) app.store.apply("walk", made);
  return Boolean(made);
}

/** The words for where a part of a picture lies, of nine. */
export function whereabouts({ x, y, width, height }, { width: across, height: down }) {
  const third = (middle, all) => Math.min(2, Math.floor((3 * middle) / all));
  return `${["top", "middle", "bottom"][third(y + height / 2, down)]}.${["left", "middle", "right"][third(x + width / 2, across)]}`;
}
