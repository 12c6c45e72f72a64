import type { FaultyProcess, FaultySystem } from "../../../packages/testkit/src/simulation/index.ts";

/** A call from one process to another: it is answered, or nobody answers in time. */
export function call<Answer>(
  system: FaultySystem,
  from: FaultyProcess,
  to: FaultyProcess,
  timeoutMs: number,
  handle: () => Promise<Answer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { life } = from;
    let open = true;
    const close = (end: () => void): void => {
      if (!open) return;
      open = false;
      cancel();
      end();
    };
    const cancel = from.after(timeoutMs, () => close(() => reject(new Error(`${to.name} does not answer`))));
    system.send(from, to, () => {
      const served = to.life;
      const answer = (end: () => void): void => to.run(served, () => system.send(to, from, () => close(end), life));
      handle().then(
        (value) => answer(() => resolve(value)),
        (error: Error) => answer(() => reject(error)),
      );
    });
  });
}

/**
 * One way of a connection: what is sent arrives once and in order. A message that the network loses is the last one that
 * arrives, as on a connection whose other end is gone.
 */
export class OrderedChannel {
  readonly #system: FaultySystem;
  readonly #from: FaultyProcess;
  readonly #to: FaultyProcess;
  readonly #toLife: number;
  #lastMs = 0;
  #broken = false;
  /** Sent, and not there yet. */
  bytesUnderWay = 0;

  constructor(system: FaultySystem, from: FaultyProcess, to: FaultyProcess) {
    this.#system = system;
    this.#from = from;
    this.#to = to;
    this.#toLife = to.life;
  }

  send(bytes: number, deliver: () => void): void {
    const system = this.#system;
    const [delayMs] = system.delaysOf(this.#from, this.#to);
    this.bytesUnderWay += bytes;
    if (delayMs === undefined) this.#broken = true;
    if (this.#broken || delayMs === undefined) return;
    this.#lastMs = Math.max(this.#lastMs, system.nowMs + delayMs);
    system.at(this.#lastMs, () =>
      this.#to.run(this.#toLife, () => {
        this.bytesUnderWay -= bytes;
        deliver();
      }),
    );
  }
}
