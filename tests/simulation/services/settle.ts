let underWay = 0;

// Signatures are made on the thread pool, in real time. Whoever waits for them waits here, so that no step of the
// simulation begins before they are done, and it does not matter how long they took.
for (const name of ["sign", "verify", "digest", "importKey"] as const) {
  const original = crypto.subtle[name].bind(crypto.subtle) as (...parts: unknown[]) => Promise<unknown>;
  const counted = (...parts: unknown[]): Promise<unknown> => inRealTime(original(...parts));
  Object.defineProperty(crypto.subtle, name, { value: counted });
}

/** Work that takes real time and no simulated one: no step begins before it is done. */
export async function inRealTime<Result>(work: Promise<Result>): Promise<Result> {
  underWay++;
  try {
    return await work;
  } finally {
    underWay--;
  }
}

/** Turns of the event loop in which nothing may be left over. */
const turns = 6;

/** Resolves when all that can go on without time has come to rest. */
export async function settled(): Promise<void> {
  for (let left = turns; left > 0; left--) {
    await new Promise((resolve) => setImmediate(resolve));
    if (underWay > 0) left = turns;
  }
}
