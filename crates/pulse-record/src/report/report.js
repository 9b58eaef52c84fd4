"use strict";
(() => {
  const cards = document.getElementById("cards");
  const order = document.getElementById("order");
  const reveal = document.getElementById("reveal");
  const status = document.getElementById("sorted");
  const key = (card, by) => card.dataset[by] ? Number(card.dataset[by]) : Infinity;
  const sort = (by) => {
    const all = [...cards.children];
    // Less comes first; what is equal, or has no such score, stays in the order of the numbers.
    all.sort((a, b) => {
      const [x, y] = [key(a, by), key(b, by)];
      return (x === y ? 0 : x - y) || key(a, "number") - key(b, "number");
    });
    cards.append(...all);
    const best = all.length > 1 && by !== "number" ? `, candidate ${all[0].dataset.number} first` : "";
    status.textContent = `Sorted by ${by}${best}`;
  };
  const wanted = () => {
    const named = location.hash.match(/^#sort=([a-z]+)$/);
    return named && [...order.options].some((option) => option.value === named[1]) ? named[1] : null;
  };
  order.value = wanted() || order.dataset.first;
  sort(order.value);
  order.addEventListener("change", () => sort(order.value));
  addEventListener("hashchange", () => {
    if (wanted()) {
      order.value = wanted();
      sort(order.value);
    }
  });
  // A card's button says whether what is behind it is shown, and the box above whether that is so for all of them.
  const show = (card, open) => {
    card.classList.toggle("open", open);
    card.querySelector("button[aria-pressed]").setAttribute("aria-pressed", open);
  };
  reveal.addEventListener("change", () => [...cards.children].forEach((card) => show(card, reveal.checked)));
  cards.addEventListener("click", (event) => {
    const button = event.target.closest("button[aria-pressed]");
    if (button) {
      const card = button.closest(".card");
      show(card, !card.classList.contains("open"));
      reveal.checked = [...cards.children].every((card) => card.classList.contains("open"));
    }
  });
})();
