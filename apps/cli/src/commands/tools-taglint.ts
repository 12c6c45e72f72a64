import type { CommandModule } from "../shell/index.ts";
import { lintPaths, type FileReport } from "../taglint/index.ts";

export const command: CommandModule = {
  configure(command) {
    command
      .argument("<path...>", "files and folders; folders are searched for .ts and .js files")
      .option("--fix", "write what a machine can decide: case, intervals, missing keys")
      .addHelpText(
        "after",
        `
Every node module exports its tags:

  export const TAGS = { scope: "indicator", family: "trend", interval: "1m", asset: "btc" };

Examples:
  $ qmtl tools taglint indicators/
  $ qmtl tools taglint --fix indicators/ema.ts`,
      );
  },

  async run({ words: [paths], options, context: { palette, signal } }) {
    const files = await lintPaths(paths as readonly string[], { fix: options["fix"] === true, signal });
    const withProblems = files.filter(({ problems }) => problems.length > 0);
    return {
      exitCode: withProblems.length === 0 ? 0 : 1,
      json: { filesChecked: files.length, files: files.filter(isWorthShowing) },
      text: () => [...files.flatMap((file) => describe(file)), palette.dim(summary(files, withProblems))].join("\n"),
    };
  },
};

function describe({ file, fixes, problems }: FileReport): readonly string[] {
  const fixed = fixes.map((fix) => `${file}: fixed: ${fix}`);
  return [...fixed, ...problems.map(({ line, message }) => `${file}:${line}: ${message}`)];
}

function isWorthShowing({ fixes, problems }: FileReport): boolean {
  return fixes.length + problems.length > 0;
}

function summary(files: readonly FileReport[], withProblems: readonly FileReport[]): string {
  const checked = `${files.length} ${files.length === 1 ? "file" : "files"} checked`;
  return withProblems.length === 0 ? `${checked}, no problems` : `${checked}, ${withProblems.length} with problems`;
}
