// The pictures of a walk: those that were computed are kept, and the finger does not wait for the others.

/** How near two positions are to be one. */
const SAME = 1e-4;

/** The computed frame nearest to a position of a direction. In the middle of every direction is the candidate itself. */
export function nearest(frames, direction, at) {
  let best = null;
  for (const frame of frames) {
    if (frame.direction !== direction && !(frame.at === 0 && direction !== null)) continue;
    if (!best || Math.abs(frame.at - at) < Math.abs(best.at - at)) best = frame;
  }
  return best;
}

/**
 * Asks for one frame at a time; while one is computed, only the last position that was wanted meanwhile is remembered.
 * @param {(direction: number | null, at: number) => Promise<object | undefined>} ask
 */
export function createFollower(ask, onFrame) {
  let isAsking = false;
  let next = null;
  const times = [];
  const run = async () => {
    if (isAsking || !next) return;
    const { direction, at } = next;
    next = null;
    isAsking = true;
    const begun = performance.now();
    const frame = await ask(direction, at);
    times.push(performance.now() - begun);
    isAsking = false;
    if (frame) onFrame(frame);
    run();
  };
  return {
    /** How long the last frames took, in milliseconds. */
    times,
    want(frames, direction, at) {
      const have = nearest(frames, direction, at);
      next = have && have.exact !== false && Math.abs(have.at - at) < SAME ? null : { direction, at };
      run();
    },
    rest() {
      next = null;
    },
  };
}
