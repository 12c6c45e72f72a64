import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { firstSeed } from "./seed-count.ts";

/** The seeds of one process: `first`, `first + step` and so on, below `end`. */
export interface SeedShare {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/**
 * Plays `count` seeds with a player, a file that says `answerSeeds`, in as many processes as there are cores; answers what
 * each says. Processes, not threads: threads that end while others start take the runtime down now and then.
 * @throws Error when a process ends without an answer; what it wrote stands on standard error
 */
export function playSeeds<Played>(player: URL, count: number, words: readonly string[] = []): Promise<Played[]> {
  const processes = Math.min(4, availableParallelism());
  const shares = Array.from({ length: processes }, (_, index) => {
    return { first: firstSeed + index, end: firstSeed + count, step: processes };
  });
  return Promise.all(shares.map((share) => playShare<Played>(player, share, words)));
}

function playShare<Played>(player: URL, share: SeedShare, words: readonly string[]): Promise<Played> {
  const child = fork(fileURLToPath(player), words, { execArgv: [], serialization: "advanced" });
  return new Promise((resolve, reject) => {
    let answer: { readonly played: Played } | undefined;
    child.once("message", (message) => (answer = message as { readonly played: Played }));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (answer !== undefined && code === 0) resolve(answer.played);
      else reject(new Error(`the player of seeds ${share.first}, +${share.step} ended with ${signal ?? code}`));
    });
    child.send(share);
  });
}

export function* seedsOf({ first, end, step }: SeedShare): Iterable<number> {
  for (let seed = first; seed < end; seed += step) yield seed;
}

/** In a player: plays the share this process is sent, answers, and lets the process end. */
export function answerSeeds<Played>(play: (share: SeedShare) => Promise<Played> | Played): void {
  process.once("message", (share) => void answer(share as SeedShare));

  async function answer(share: SeedShare): Promise<void> {
    const played = await play(share);
    process.send!({ played }, () => process.disconnect());
  }
}
