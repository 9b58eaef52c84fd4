// A mask that is painted: strokes, areas, and their taking back. Knows nothing of the page but a canvas.

/** The longest side of the mask, so that edges of strokes are finer than the picture's pixels. */
const LONGEST = 512;
const MOST_UNDONE = 60;

/** @param {{width: number, height: number}} picture */
export function createMask(picture) {
  const scale = Math.max(1, Math.floor(LONGEST / Math.max(picture.width, picture.height)));
  const canvas = document.createElement("canvas");
  canvas.width = picture.width * scale;
  canvas.height = picture.height * scale;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const { width, height } = canvas;
  let done = [];
  let undone = [];

  const alpha = () => {
    const { data } = paint.getImageData(0, 0, width, height);
    const kept = new Uint8Array(width * height);
    for (let at = 0; at < kept.length; at++) kept[at] = data[4 * at + 3];
    return kept;
  };
  const put = (kept) => {
    const image = paint.createImageData(width, height);
    for (let at = 0; at < kept.length; at++) {
      image.data[4 * at] = image.data[4 * at + 1] = image.data[4 * at + 2] = 255;
      image.data[4 * at + 3] = kept[at];
    }
    paint.putImageData(image, 0, 0);
  };
  /** Remembers what is there, before it changes. */
  const remember = () => {
    done.push(alpha());
    done = done.slice(-MOST_UNDONE);
    undone = [];
  };
  const step = (from, onto) => {
    const kept = from.pop();
    if (!kept) return false;
    onto.push(alpha());
    put(kept);
    return true;
  };
  const brush = (size, isErased) => {
    paint.globalCompositeOperation = isErased ? "destination-out" : "source-over";
    paint.strokeStyle = paint.fillStyle = "#fff";
    paint.lineWidth = Math.max(1, size * scale);
    paint.lineCap = paint.lineJoin = "round";
  };

  return {
    canvas,
    scale,
    remember,
    /** A stroke from one place to the next, in pixels of the picture. */
    stroke(from, onto, size, isErased) {
      brush(size, isErased);
      paint.beginPath();
      paint.moveTo(from.x * scale, from.y * scale);
      // A path of no length draws nothing.
      paint.lineTo(onto.x * scale + 0.01, onto.y * scale);
      paint.stroke();
    },
    area(points, isErased) {
      if (points.length < 3) return;
      brush(1, isErased);
      paint.beginPath();
      points.forEach(({ x, y }, place) => (place === 0 ? paint.moveTo(x * scale, y * scale) : paint.lineTo(x * scale, y * scale)));
      paint.closePath();
      paint.fill();
    },
    /** Everything up to the nearest painted border, or what is painted, when that is taken out again. */
    fill(point, isErased) {
      const kept = alpha();
      const isIn = (at) => kept[at] >= 128 === isErased;
      const x = Math.min(width - 1, Math.max(0, Math.floor(point.x * scale)));
      const y = Math.min(height - 1, Math.max(0, Math.floor(point.y * scale)));
      const open = [y * width + x];
      const value = isErased ? 0 : 255;
      while (open.length > 0) {
        const at = open.pop();
        if (!isIn(at)) continue;
        kept[at] = value;
        const column = at % width;
        if (column > 0) open.push(at - 1);
        if (column < width - 1) open.push(at + 1);
        if (at >= width) open.push(at - width);
        if (at < width * (height - 1)) open.push(at + width);
      }
      put(kept);
    },
    invert: () => put(alpha().map((value) => 255 - value)),
    clear: () => paint.clearRect(0, 0, width, height),
    undo: () => step(done, undone),
    redo: () => step(undone, done),
    can: () => ({ undo: done.length > 0, redo: undone.length > 0 }),
    /** The share that is painted. */
    share() {
      const kept = alpha();
      return kept.reduce((sum, value) => sum + value, 0) / 255 / kept.length;
    },
    /** Draws the mask in a colour, with its edge as soft as it will be. */
    show(onto, colour, soft) {
      const pen = onto.getContext("2d");
      pen.clearRect(0, 0, onto.width, onto.height);
      pen.filter = soft > 0 ? `blur(${(soft * scale) / 2}px)` : "none";
      pen.globalCompositeOperation = "source-over";
      pen.drawImage(canvas, 0, 0);
      pen.filter = "none";
      pen.globalCompositeOperation = "source-in";
      pen.fillStyle = colour;
      pen.fillRect(0, 0, onto.width, onto.height);
    },
    /** The mask as a PNG, white where it is painted, in base64. */
    written(soft) {
      const out = document.createElement("canvas");
      out.width = width;
      out.height = height;
      const pen = out.getContext("2d");
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, width, height);
      pen.filter = soft > 0 ? `blur(${(soft * scale) / 2}px)` : "none";
      pen.drawImage(canvas, 0, 0);
      return out.toDataURL("image/png").split(",")[1];
    },
  };
}
