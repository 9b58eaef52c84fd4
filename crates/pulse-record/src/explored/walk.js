"use strict";
(() => {
  // A slider for each walk: the pictures of one stop, large, above the row of all of them.
  for (const walk of document.querySelectorAll(".walk")) {
    const stops = [...walk.querySelectorAll(".stops li")];
    const [slider, said] = [walk.querySelector("input[type=range]"), walk.querySelector("output")];
    const names = ["The picture", "The part that changes most", "Difference from the candidate, × 4"];
    const shown = names.map((name) => {
      const [figure, image, caption] = ["figure", "img", "figcaption"].map((tag) => document.createElement(tag));
      image.className = "pixels";
      caption.textContent = name;
      figure.append(image, caption);
      return [figure, image, name];
    });
    const show = (index) => {
      const stop = stops[index];
      const pictures = stop.querySelectorAll("img");
      const words = `${stop.querySelector("strong").textContent}: ${stop.querySelector("span").textContent}`;
      shown.forEach(([, image, name], at) => {
        image.src = pictures[at].src;
        image.alt = `${name}, large: ${pictures[at].alt}`;
      });
      said.textContent = words;
      slider.setAttribute("aria-valuetext", words);
      stops.forEach((each, at) => each.classList.toggle("current", at === index));
    };
    const marked = stops.findIndex((stop) => stop.classList.contains("marked"));
    slider.value = Math.max(marked, 0);
    show(Number(slider.value));
    slider.addEventListener("input", () => show(Number(slider.value)));
    walk.querySelector(".stops").addEventListener("click", (event) => {
      const stop = event.target.closest("li");
      if (stop) {
        slider.value = stops.indexOf(stop);
        show(Number(slider.value));
      }
    });
    walk.querySelector(".stage").append(...shown.map(([figure]) => figure));
    walk.querySelector(".slider").hidden = false;
  }
})();
