// Checks the page's files without a browser: the words of each language, what is asked for at the beginning, what was taken from elsewhere.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const PAGE = "crates/pulse-server/page";
const read = (name) => readFileSync(path.join(PAGE, name), "utf8");
/** Words of a language that need not be in English: there, the server says them. */
const OWN = new Set(["statement"]);

const load = async (name) => (await import(`data:text/javascript;base64,${Buffer.from(read(name)).toString("base64")}`)).default;

/** What is wrong with the words: a language lacks some, or has some that no other has, or is of another kind. */
async function words() {
  const english = await load("words/en.js");
  const wrong = [];
  for (const file of readdirSync(path.join(PAGE, "words")).filter((name) => name !== "en.js")) {
    const other = await load(`words/${file}`);
    for (const key of Object.keys(english)) {
      if (!(key in other)) wrong.push(`words/${file} lacks ${key}`);
      else if (typeof other[key] !== typeof english[key]) wrong.push(`words/${file}: ${key} is a ${typeof other[key]}`);
    }
    for (const key of Object.keys(other)) if (!(key in english) && !OWN.has(key)) wrong.push(`words/${file}: English lacks ${key}`);
  }
  return wrong;
}

/** Every module that `app.js` imports at once is asked for by index.html, so that none waits for another. */
function preloaded() {
  const asked = new Set([...read("index.html").matchAll(/modulepreload" href="app\/([^"]+)"/g)].map(([, name]) => name));
  const needed = new Set();
  const follow = (name) => {
    for (const [, to] of read(name).matchAll(/^import [^;]*?from "([^"]+)"/gm)) {
      const found = path.posix.join(path.posix.dirname(name), to);
      if (needed.has(found)) continue;
      needed.add(found);
      if (!found.startsWith("vendor/")) follow(found);
    }
  };
  follow("app.js");
  return [...[...needed].filter((name) => !asked.has(name)).map((name) => `index.html does not ask for ${name}`), ...[...asked].filter((name) => !needed.has(name)).map((name) => `index.html asks for ${name} too early`)];
}

/** What was taken from elsewhere is what its list says. */
function taken() {
  const list = read("vendor/README.md");
  const files = readdirSync(path.join(PAGE, "vendor"), { recursive: true }).filter((name) => name.endsWith(".js"));
  return files.filter((name) => !list.includes(createHash("sha256").update(readFileSync(path.join(PAGE, "vendor", name))).digest("hex"))).map((name) => `vendor/${name} is not what vendor/README.md says`);
}

/** The content security policy lets nothing inline through. */
const inline = () => (/<style|style="|<script(?![^>]*src=)|\son\w+="/.test(read("index.html")) ? ["index.html has something inline"] : []);

export const files = async () => [...(await words()), ...preloaded(), ...taken(), ...inline()];

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wrong = await files();
  for (const line of wrong) console.log(line);
  process.exit(wrong.length > 0 ? 1 : 0);
}
