(() => {
  // Looking closer: one picture enlarged by whole pixels, another in its place, and the figures of a part of all candidates.
  const look = document.getElementById("look");
  const pictures = [...document.querySelectorAll("img[data-picture]")];
  const candidates = pictures.filter((image) => image.dataset.picture.startsWith("candidate "));
  if (!look || !candidates.length) {
    return;
  }
  const [shown, against, zoom, flicker] = ["shown", "against", "zoom", "flicker"].map((id) => document.getElementById(id));
  const canvas = document.getElementById("canvas");
  const seen = document.getElementById("seen");
  const fields = ["left", "top", "width", "height"].map((id) => document.getElementById(`part-${id}`));
  const body = document.getElementById("figures");
  const [width, height] = [candidates[0].naturalWidth, candidates[0].naturalHeight];
  const byName = new Map(pictures.map((image) => [image.dataset.picture, image]));
  const number = (image) => Number(image.dataset.picture.split(" ")[1]) || Infinity;
  const names = [...byName.keys()].sort((a, b) => number(byName.get(a)) - number(byName.get(b)));
  for (const name of names) {
    shown.add(new Option(name, name));
    against.add(new Option(name, name));
  }
  let part = [0, 0, width, height];
  let other = false;
  // The numbers of a picture, at the candidates' size; kept, because every change of the part needs all of them.
  const kept = new Map();
  const numbers = (image) => {
    if (!kept.has(image)) {
      const page = document.createElement("canvas");
      [page.width, page.height] = [width, height];
      const pen = page.getContext("2d", { willReadFrequently: true });
      pen.imageSmoothingEnabled = false;
      pen.drawImage(image, 0, 0, width, height);
      kept.set(image, pen.getImageData(0, 0, width, height).data);
    }
    return kept.get(image);
  };
  const draw = () => {
    const times = Number(zoom.value);
    const name = other && against.value ? against.value : shown.value;
    [canvas.width, canvas.height] = [width * times, height * times];
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(byName.get(name), 0, 0, canvas.width, canvas.height);
    const whole = part[2] === width && part[3] === height;
    if (!whole) {
      for (const [colour, by] of [["#000", 0.5], ["#fff", 1.5]]) {
        pen.strokeStyle = colour;
        pen.strokeRect(part[0] * times - by, part[1] * times - by, part[2] * times + 2 * by, part[3] * times + 2 * by);
      }
    }
    canvas.setAttribute("aria-label", `${name}, ${times} times as large`);
    seen.textContent = name;
  };
  const means = (image) => {
    const [all, sums] = [numbers(image), [0, 0, 0]];
    for (let y = part[1]; y < part[1] + part[3]; y++) {
      for (let x = part[0]; x < part[0] + part[2]; x++) {
        for (let c = 0; c < 3; c++) {
          sums[c] += all[4 * (y * width + x) + c];
        }
      }
    }
    return sums.map((sum) => sum / (part[2] * part[3]));
  };
  const measure = () => {
    if (!body) {
      return;
    }
    const all = candidates.map((image) => [number(image), means(image)]);
    const beside = ["the given picture", "the original"].map((name) => byName.get(name)).map((image) => image && means(image));
    const isGrey = all.every(([, [r, g, b]]) => r === g && g === b);
    const rows = isGrey ? [["Grey", 0]] : [["Red", 0], ["Green", 1], ["Blue", 2]];
    body.replaceChildren(...rows.map(([name, c]) => {
      const values = all.map(([n, mean]) => [mean[c], n]).sort((a, b) => a[0] - b[0]);
      const mean = values.reduce((sum, [value]) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, [value]) => sum + (value - mean) ** 2, 0);
      const spread = values.length > 1 ? Math.sqrt(squares / (values.length - 1)).toFixed(1) : "–";
      const [[least, first], [most, last]] = [values[0], values[values.length - 1]];
      const texts = [mean.toFixed(1), `${least.toFixed(1)} (${first})`, `${most.toFixed(1)} (${last})`, spread];
      beside.forEach((found) => texts.push(found ? found[c].toFixed(1) : "–"));
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      row.append(head, ...texts.map((text) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        return cell;
      }));
      return row;
    }));
  };
  const take = (left, top, columns, rows) => {
    const within = (value, least, most) => Math.min(Math.max(Math.round(value) || 0, least), most);
    left = within(left, 0, width - 1);
    top = within(top, 0, height - 1);
    part = [left, top, within(columns, 1, width - left), within(rows, 1, height - top)];
    fields.forEach((field, at) => { field.value = part[at]; });
    draw();
    measure();
  };
  fields.forEach((field, at) => {
    field.max = [width - 1, height - 1, width, height][at];
    field.addEventListener("change", () => take(...fields.map((each) => Number(each.value))));
  });
  document.getElementById("whole").addEventListener("click", () => take(0, 0, width, height));
  let from = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (value, start, side, count) => Math.min(Math.max(Math.floor((value - start) / side * count), 0), count - 1);
    return [place(event.clientX, box.left, box.width, width), place(event.clientY, box.top, box.height, height)];
  };
  const drag = (event) => {
    const to = at(event);
    const [left, top] = [0, 1].map((axis) => Math.min(from[axis], to[axis]));
    take(left, top, Math.abs(from[0] - to[0]) + 1, Math.abs(from[1] - to[1]) + 1);
  };
  canvas.addEventListener("pointerdown", (event) => {
    from = at(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => from && drag(event));
  canvas.addEventListener("pointerup", (event) => {
    if (from) {
      drag(event);
    }
    from = null;
  });
  canvas.addEventListener("pointercancel", () => { from = null; });
  [shown, zoom].forEach((control) => control.addEventListener("change", draw));
  against.addEventListener("change", () => {
    flicker.disabled = !against.value;
    if (!against.value) {
      flicker.checked = false;
    }
    other = false;
    draw();
  });
  // One change in half a second: far below what may hurt.
  setInterval(() => {
    if (flicker.checked || other) {
      other = flicker.checked && !other;
      draw();
    }
  }, 500);
  document.getElementById("cards").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-look]");
    if (button) {
      shown.value = button.dataset.look;
      draw();
      look.scrollIntoView();
      shown.focus({ preventScroll: true });
    }
  });
  for (let times = 1; times <= 16 && width * times <= 1024; times *= 2) {
    zoom.add(new Option(`× ${times}`, times, false, width * times <= 512));
  }
  look.hidden = false;
  const first = document.querySelector(".card img[data-picture]");
  shown.value = first.dataset.picture;
  // Pictures of the page are data, but decoded when they are needed.
  Promise.all(pictures.map((image) => image.decode().catch(() => {}))).then(() => take(0, 0, width, height));
})();
