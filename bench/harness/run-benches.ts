import { fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { readArguments } from "./command-line.ts";
import { isMet, ratioOf, sizeOf, type Bench, type Row } from "./row.ts";
import { renderTable } from "./table.ts";

/** What the process of one bench sends back. */
type Outcome = { readonly rows: readonly Row[] } | { readonly failure: string };

/**
 * Runs benches one after the other, each in a process of its own: what one leaves in the heap and in the compiler does
 * not reach the next. Prints one table. A missed "must" is printed and no failure; sides that disagree are (exit code 1).
 *
 * @param peers - versions of the other side, for the table
 * @param script - the file that calls this: it is started again, with the name of a bench, for each of them
 */
export async function runBenches(
  task: string,
  script: string,
  benches: readonly Bench[],
  peers?: string,
): Promise<void> {
  if (process.send !== undefined) return runOne(benches, process.argv.slice(2));
  const { benches: chosen, quick, jsonFile, profileFolder } = readArguments(task, benches, process.argv.slice(2));
  const rows: (Row & { readonly bench: string })[] = [];
  const failures: string[] = [];
  for (const bench of chosen) {
    const startedMs = performance.now();
    const outcome = await inOwnProcess(script, bench.name, quick, profileFolder);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    if ("rows" in outcome) rows.push(...outcome.rows.map((row) => ({ bench: bench.name, ...row })));
    else failures.push(`${bench.name}: ${outcome.failure}`);
    console.error(`${bench.name}: ${"rows" in outcome ? "done" : "FAILED"} in ${seconds} s`);
  }
  const machine = [describeMachine(), ...(peers === undefined ? [] : [peers])].join("; ");
  console.log(`\n${machine}${quick ? "; --quick: these numbers show that the benches run, not how fast" : ""}\n`);
  console.log(renderTable(rows));
  for (const failure of failures) console.error(`FAILED ${failure}`);
  if (jsonFile !== undefined) {
    const judged = rows.map((row) => ({ ...row, ratio: ratioOf(row) ?? null, met: isMet(row) ?? null }));
    writeFileSync(jsonFile, `${JSON.stringify({ task, machine, quick, rows: judged, failures }, null, 2)}\n`);
  }
  process.exitCode = failures.length > 0 ? 1 : 0;
}

async function runOne(benches: readonly Bench[], [name, quick]: readonly string[]): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = { rows: await benches.find((bench) => bench.name === name)!.run(sizeOf(quick === "quick")) };
  } catch (error) {
    outcome = { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send!(outcome, () => process.disconnect());
}

async function inOwnProcess(
  script: string,
  name: string,
  quick: boolean,
  profileFolder: string | undefined,
): Promise<Outcome> {
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true });
  const profile =
    profileFolder === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  const child = fork(script, [name, quick ? "quick" : "full"], {
    execArgv: ["--disable-warning=ExperimentalWarning", ...profile],
  });
  return new Promise((resolve) => {
    let outcome: Outcome | undefined;
    child.on("message", (message) => (outcome = message as Outcome));
    child.on("exit", (code, signal) =>
      resolve(outcome ?? { failure: `its process ended with ${signal ?? `code ${code}`} and no result` }),
    );
  });
}

function describeMachine(): string {
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${memoryGb} GB, Node.js ${process.versions.node}`;
}
