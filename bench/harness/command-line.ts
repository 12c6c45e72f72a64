import { parseArgs } from "node:util";
import type { Bench } from "./row.ts";

export interface BenchArguments {
  readonly benches: readonly Bench[];
  readonly quick: boolean;
  readonly jsonFile: string | undefined;
  readonly profileFolder: string | undefined;
}

/** Reads the words; ends the process with code 2 and the list of benches when they make no sense, 0 for `--help`. */
export function readArguments(task: string, benches: readonly Bench[], words: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        only: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        profile: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(usage(task, benches));
      process.exit(0);
    }
    const unknown = values.only?.find((name) => !benches.some((bench) => bench.name === name));
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`);
    return {
      benches: benches.filter((bench) => values.only?.includes(bench.name) ?? true),
      quick: values.quick,
      jsonFile: values.json,
      profileFolder: values.profile,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(task, benches)}`);
    process.exit(2);
  }
}

function usage(task: string, benches: readonly Bench[]): string {
  const width = Math.max(...benches.map(({ name }) => name.length));
  return [
    `Usage: npm run ${task} -- [--only NAME]... [--quick] [--json FILE] [--profile FOLDER]`,
    "",
    "  --only NAME        only this bench; may be repeated",
    "  --quick            a tenth of the rows, fewer rounds: does it run, not how fast",
    "  --json FILE        the table as JSON",
    "  --profile FOLDER   a CPU profile of each bench, for a browser's developer tools",
    "",
    ...benches.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
  ].join("\n");
}
