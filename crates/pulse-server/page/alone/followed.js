// An answer that says how much of it has come.

/** The same answer; `length` is how long it is where its server does not say, or packs it. */
export function followed(answer, tell, length = Number(answer.headers.get("Content-Length"))) {
  if (!answer.ok || !answer.body) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  let come = 0;
  const counting = new TransformStream({
    transform(part, onward) {
      come += part.length;
      if (length) tell(Math.min(come / length, 1));
      onward.enqueue(part);
    },
  });
  // Some servers of files do not know what a module is.
  return new Response(answer.body.pipeThrough(counting), { headers: { "Content-Type": "application/wasm" } });
}
