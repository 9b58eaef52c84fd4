// Where one is, as the address has it: `#/`, `#/p1`, `#/n1`, `#/n1/tree`, `#/n1/3`, `#/n1/3/walk`, `#/compare/n1/n2`.

/**
 * @typedef {{screen: string, picture?: string, node?: string, candidate?: number, to?: number, nodes?: string[]}} Place
 * @returns {Place}
 */
export function read(hash = location.hash) {
  const [first = "", second, third] = hash.replace(/^#\/?/, "").split("/");
  if (first === "compare") return { screen: "compare", nodes: hash.split("/").slice(2) };
  if (/^p[\w-]*\d/.test(first)) return { screen: "prepare", picture: first };
  if (!/^n[\w-]*\d/.test(first)) return { screen: "start" };
  if (second === undefined || second === "") return { screen: "gallery", node: first };
  if (second === "tree" || second === "agree") return { screen: second, node: first };
  const [from, to] = second.split("-").map(Number);
  if (to) return { screen: "path", node: first, candidate: from, to };
  return { screen: third === "walk" || third === "steer" ? third : "candidate", node: first, candidate: from };
}

export const to = {
  start: () => "#/",
  picture: (id) => `#/${id}`,
  node: (id) => `#/${id}`,
  part: (id, part) => `#/${id}/${part}`,
  candidate: (id, number, part) => `#/${id}/${number}${part ? `/${part}` : ""}`,
  path: (id, from, end) => `#/${id}/${from}-${end}`,
  compare: (nodes) => `#/compare/${nodes.join("/")}`,
};

/** Goes there; the browser's own back and forward keep working. */
export const go = (hash) => {
  if (location.hash !== hash) location.hash = hash;
};
