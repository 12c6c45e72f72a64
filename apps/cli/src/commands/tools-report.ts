import { QmtlError } from "@qmtl/core/errors";
import { readFile, writeFile } from "node:fs/promises";
import { parseNumber, type CommandModule } from "../shell/index.ts";

export const command: CommandModule = {
  configure(command) {
    command
      .requiredOption("--from <file>", 'JSON file with periodic returns: {"returns": [0.01, -0.02]}')
      .option("--out <file>", "where the Markdown goes", "report.md")
      .option("--risk-free <rate>", "risk-free return per period", parseNumber, 0)
      .option("--transaction-cost <rate>", "cost per period, as a return", parseNumber, 0)
      .addHelpText("after", `\nExamples:\n  $ qmtl tools report --from results.json --out report.md`);
  },

  async run({ options, context: { signal } }) {
    const { from, out } = options as { from: string; out: string };
    const document = parseJson(await readFile(from, { encoding: "utf8", signal }), from);
    const { legacyReturnsReport } = await import("@qmtl/sdk/report");
    const markdown = legacyReturnsReport(document, {
      riskFreeRate: options["riskFree"] as number,
      transactionCost: options["transactionCost"] as number,
    });
    await writeFile(out, markdown, { signal });
    return { exitCode: 0, json: { report: out }, text: () => out };
  },
};

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QmtlError("JSON_INVALID", `expected JSON in "${file}": ${reason}`, { details: { file }, cause });
  }
}
