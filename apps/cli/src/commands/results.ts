import { QmtlError } from "@qmtl/core/errors";
import { parseInstant, type EpochMs } from "@qmtl/core";
import { Option } from "commander";
import { commandOf, strategyReference, type CommandBody, type StrategyReference } from "./request.ts";
import type { CommandModule } from "../shell/index.ts";

// The commands that read what a run has left: report, reproduce, explain.

export interface ReportRequest {
  /** Folder or id of a run. */
  readonly run: string;
  readonly format: "html" | "markdown" | "json";
  /** Default: beside the run. */
  readonly out: string | undefined;
}

export function report(body: CommandBody<ReportRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .argument("<run>", "folder or id of a run")
        .addOption(
          new Option("--format <format>", "what to write").choices(["html", "markdown", "json"]).default("html"),
        )
        .option("--out <file>", "where it goes; beside the run by default")
        .addHelpText(
          "after",
          `\nExamples:\n  $ qmtl report latest\n  $ qmtl report runs/8f2c --format markdown --out run.md`,
        ),
    ({ words: [run], options }) => ({
      run: run as string,
      format: options["format"] as ReportRequest["format"],
      out: options["out"] as string | undefined,
    }),
    body,
  );
}

export interface ReproduceRequest {
  readonly run: string;
}

export function reproduce(body: CommandBody<ReproduceRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .argument("<run>", "folder or id of a run")
        .addHelpText(
          "after",
          `\nExits with 1 and names the input that differs.\n\nExamples:\n  $ qmtl reproduce latest`,
        ),
    ({ words: [run] }) => ({ run: run as string }),
    body,
  );
}

export type ExplainRequest =
  | { readonly kind: "order"; readonly run: string; readonly orderId: string }
  | { readonly kind: "time"; readonly run: string; readonly timeMs: EpochMs }
  | { readonly kind: "sharing"; readonly strategies: readonly StrategyReference[] };

export function explain(body: CommandBody<ExplainRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .argument("<what...>", "a run; with --sharing, strategy files")
        .option("--order <id>", "why this order was sent")
        .option("--at <time>", "what held at this time, and why nothing was traded; epoch seconds or ISO-8601")
        .option("--sharing", "which strategies share which nodes, and what each costs")
        .addHelpText(
          "after",
          `
Examples:
  $ qmtl explain latest --order 17
  $ qmtl explain latest --at 2020-03-16
  $ qmtl explain --sharing momentum.ts reversion.ts`,
        ),
    ({ words: [what], options: { order, at, sharing } }): ExplainRequest => {
      const targets = what as readonly string[];
      const asked = [order, at, sharing].filter((option) => option !== undefined);
      if (asked.length !== 1) {
        throw new QmtlError("USAGE", `expected one of --order, --at and --sharing, found ${asked.length || "none"}`);
      }
      if (sharing !== undefined) return { kind: "sharing", strategies: targets.map(strategyReference) };
      const [run = "", ...rest] = targets;
      if (rest.length > 0) throw new QmtlError("USAGE", `expected one run, found ${targets.length}`);
      if (order !== undefined) return { kind: "order", run, orderId: order as string };
      return { kind: "time", run, timeMs: parseInstant(at, "--at") };
    },
    body,
  );
}
