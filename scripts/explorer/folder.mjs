// Hands out a folder as any server of files does, under a path, and notes what it was asked for.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json" };

/** @param {string} under  the path that the folder is found under */
export async function handOut(folder, under = "/a/b/") {
  const asked = [];
  const wrong = [];
  const server = createServer((request, answer) => {
    const name = decodeURIComponent(new URL(request.url, "http://here").pathname);
    asked.push(name);
    const file = path.join(folder, name.slice(under.length) || "index.html");
    try {
      if (request.method !== "GET" || !name.startsWith(under)) throw new Error("it is outside of the folder");
      const { size } = statSync(file);
      // What is a module, many servers of files do not know.
      answer.writeHead(200, { "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream", "Content-Length": size, "Cache-Control": "no-cache" });
      createReadStream(file).pipe(answer);
    } catch (error) {
      wrong.push(`${request.method} ${name}: ${error.message}`);
      answer.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { address: `http://127.0.0.1:${server.address().port}${under}`, asked, wrong, end: () => server.close() };
}
