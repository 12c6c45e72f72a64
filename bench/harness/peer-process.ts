import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Side } from "./timing.ts";

const peersFolder = fileURLToPath(new URL("../peers/", import.meta.url));
const environment = fileURLToPath(new URL("../.peers/", import.meta.url));
const requirements = `${peersFolder}requirements.txt`;

/** The Python that has the peers. */
export const python = process.platform === "win32" ? `${environment}Scripts\\python.exe` : `${environment}bin/python`;

/** A Python file beside the benches. */
export function peerScript(name: string): string {
  return `${peersFolder}${name}.py`;
}

/**
 * Puts the peers into a virtual environment of their own, `bench/.peers`, unless they are there already.
 *
 * @returns their versions; undefined where Python or the packages cannot be had, after saying why
 */
export function installPeers(): string | undefined {
  const stamp = `${environment}installed`;
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    console.error("installing the peers into bench/.peers ...");
    const steps: readonly (readonly [string, ...string[]])[] = [
      ["python3", "-m", "venv", environment],
      [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    ];
    for (const [program, ...words] of steps) {
      if (spawnSync(program, words, { stdio: ["ignore", 2, 2] }).status === 0) continue;
      console.error(`the peers cannot be had here: "${program} ${words.join(" ")}" failed`);
      return undefined;
    }
    writeFileSync(stamp, wanted);
  }
  return spawnSync(python, [peerScript("versions")], { encoding: "utf8" }).stdout.trim();
}

interface Answer<Result> {
  readonly result: Result;
  readonly ms: number;
  readonly peakMemoryMb: number;
}

/** A Python process that stays warm and runs what it is asked to. Use with `using`. */
export class PeerProcess implements Disposable {
  /** Of the process, after its last answer. */
  peakMemoryMb = 0;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(script: string, words: readonly string[] = []) {
    this.#child = spawn(python, [peerScript(script), ...words]);
    this.#child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async call<Result>(name: string, callArguments: Readonly<Record<string, unknown>> = {}): Promise<Answer<Result>> {
    this.#child.stdin.write(`${JSON.stringify({ call: name, arguments: callArguments })}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the Python side ended in ${name}: the lines above say why`);
    const answer = JSON.parse(value) as Answer<Result>;
    this.peakMemoryMb = answer.peakMemoryMb;
    return answer;
  }

  /** Timed inside the process: the way there and back is not counted. */
  side(name: string, callArguments: Readonly<Record<string, unknown>> = {}, warmUps = 2): Side {
    return { time: async () => (await this.call(name, callArguments)).ms, warmUps };
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
  }
}
