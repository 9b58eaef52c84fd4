// What is done step by step: each says how it went, and all of them what was measured and whether anything is wrong.
import { Wrong } from "./browser.mjs";

let wrong = 0;

/** What was measured, by its name. */
export const results = {};

/** Does one thing at one seat. Where it fails, the next is done all the same. */
export async function step(where, what, doing) {
  try {
    const result = await doing();
    process.stdout.write(`  ${where}: ${what}${typeof result === "string" ? `: ${result}` : ""}\n`);
  } catch (error) {
    wrong++;
    process.stdout.write(`WRONG ${where}: ${what}: ${error instanceof Wrong ? error.message : error.message.split("\n").slice(0, 3).join(" ")}\n`);
  }
}

/** Prints what was measured, and fails where something is wrong. */
export function conclude() {
  for (const [what, figure] of Object.entries(results)) process.stdout.write(`${what}: ${typeof figure === "number" ? Math.round(figure * 10) / 10 : figure}\n`);
  if (wrong > 0) {
    process.stdout.write(`${wrong} things are wrong\n`);
    process.exit(1);
  }
}
