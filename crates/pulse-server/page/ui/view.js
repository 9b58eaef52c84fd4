// How large pictures are seen, and which part of them: one view for all stages, so that they zoom and move together.

/** The largest picture that is drawn, in pixels of the screen. */
const LARGEST = 16384;

/** `zoom`: pixels of the screen for one of the picture, or null: as large as there is room. `x`, `y`: what is in the middle. */
let view = { zoom: null, x: 0.5, y: 0.5 };
const watchers = new Set();
/** The room that a stage has on the screen: what zooms by keys and buttons zooms there. */
let room = { width: 300, height: 300 };


export const getView = () => view;
export const getRoom = () => room;
export function setRoom(size) {
  if (size.width === room.width && size.height === room.height) return;
  room = size;
  watchers.forEach((watch) => watch(view));
}
export function setView(change) {
  view = { ...view, ...change };
  watchers.forEach((watch) => watch(view));
}
export function watchView(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The largest whole zoom at which all of the picture is seen, or a whole part of one. */
export function fitting(picture, room, ratio) {
  const free = Math.min((room.width * ratio) / picture.width, (room.height * ratio) / picture.height);
  return free >= 1 ? Math.floor(free) : 1 / Math.ceil(1 / Math.max(free, 1 / 64));
}

/** Where the picture lies in the room, in CSS pixels. */
export function placed(picture, room, ratio, { zoom, x, y } = view) {
  const by = (zoom ?? fitting(picture, room, ratio)) / ratio;
  const width = picture.width * by;
  const height = picture.height * by;
  const along = (size, most, middle) => (size <= most ? (most - size) / 2 : Math.min(0, Math.max(most - size, most / 2 - middle * size)));
  const whole = (value) => Math.round(value * ratio) / ratio;
  return { left: whole(along(width, room.width, x)), top: whole(along(height, room.height, y)), width, height, by };
}

/** The next whole zoom up (1) or down (-1). */
export function stepped(zoom, by, picture) {
  const most = Math.floor(LARGEST / Math.max(picture.width, picture.height));
  if (zoom < 1 || (zoom === 1 && by < 0)) {
    const part = Math.round(1 / zoom) - by;
    return part < 1 ? 2 : 1 / Math.min(part, 64);
  }
  const step = Math.max(1, Math.round(zoom * 0.2));
  return Math.min(Math.max(1, zoom + by * step), most);
}

/** Zooms so that what is at this point of the room stays there. */
export function zoomAt(picture, room, ratio, point, by) {
  const now = placed(picture, room, ratio);
  const zoom = stepped(now.by * ratio, by, picture);
  const size = { width: (picture.width * zoom) / ratio, height: (picture.height * zoom) / ratio };
  const middle = (at, left, width, next, most) => (most / 2 - (at - ((at - left) / width) * next)) / next;
  setView({
    zoom,
    x: middle(point.x, now.left, now.width, size.width, room.width),
    y: middle(point.y, now.top, now.height, size.height, room.height),
  });
}

/** Moves what is seen by so many CSS pixels. */
export function panBy(picture, room, ratio, dx, dy) {
  const now = placed(picture, room, ratio);
  const keep = (middle, size, most) => (size <= most ? 0.5 : Math.min(1 - most / 2 / size, Math.max(most / 2 / size, middle)));
  const centre = (left, size, most, by) => keep((most / 2 - left - by) / size, size, most);
  setView({ x: centre(now.left, now.width, room.width, dx), y: centre(now.top, now.height, room.height, dy) });
}
