import { parseInterval } from "@qmtl/core";
import { QmtlError } from "@qmtl/core/errors";
import { InvalidArgumentError, type Command } from "commander";
import type { CommandModule } from "../shell/index.ts";
import { commandOf, type CommandBody } from "./request.ts";

// The words of `qmtl service dagmanager …` and `qmtl queues`.

export interface TargetRequest {
  /** host:port; that of the configuration when absent. */
  readonly target: string | undefined;
}

/** Where a DAG is to run, as far as the caller says. */
export interface ContextWords {
  readonly worldId: string | undefined;
  readonly executionDomain: string | undefined;
  readonly asOf: string | undefined;
}

export interface DiffRequest extends TargetRequest, ContextWords {
  readonly file: string;
  readonly strategyId: string;
  readonly dryRun: boolean;
}

export function dagManagerDiff(body: CommandBody<DiffRequest>): CommandModule {
  return commandOf(
    (command) =>
      addContext(addTarget(command))
        .requiredOption("--file <file>", "the DAG document")
        .option("--strategy-id <id>", "who holds what the diff makes", "cli")
        .option("--dry-run", "change nothing; without --target, ask no service at all")
        .addHelpText(
          "after",
          `\nPrints the topic of every node, by partition key.\n\nExamples:\n  $ qmtl service dagmanager diff --file dag.json --dry-run`,
        ),
    ({ options }) => ({
      ...targetOf(options),
      ...contextOf(options),
      file: options["file"] as string,
      strategyId: options["strategyId"] as string,
      dryRun: options["dryRun"] === true,
    }),
    body,
  );
}

export interface SnapshotRequest {
  readonly file: string;
  readonly snapshot: string;
  readonly mode: "print" | "freeze" | "verify";
}

export function dagManagerSnapshot(body: CommandBody<SnapshotRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .requiredOption("--file <file>", "the DAG document")
        .option("--snapshot <file>", "where the frozen DAG is kept", "dag.snapshot.json")
        .option("--freeze", "write the DAG and its hash")
        .option("--verify", "compare the DAG with the frozen one; exits with 1 when they differ")
        .addHelpText("after", `\nPrints the hash of the DAG.`),
    ({ options }) => {
      const [freeze, verify] = [options["freeze"] === true, options["verify"] === true];
      if (freeze && verify) throw new QmtlError("USAGE", "expected --freeze or --verify, found both");
      const mode: SnapshotRequest["mode"] = freeze ? "freeze" : verify ? "verify" : "print";
      return { file: options["file"] as string, snapshot: options["snapshot"] as string, mode };
    },
    body,
  );
}

export interface QueueStatsRequest extends TargetRequest {
  readonly tag: string;
  readonly interval: string | undefined;
}

export function dagManagerQueueStats(body: CommandBody<QueueStatsRequest>): CommandModule {
  return commandOf(
    (command) =>
      addTarget(command)
        .option("--tag <tags>", "queues with any of these tags, separated by commas", "")
        .option("--interval <interval>", "queues of this interval: 1m, 1h, or seconds; all without")
        .addHelpText("after", `\nExamples:\n  $ qmtl service dagmanager queue-stats --tag BTC,price --interval 1m`),
    ({ options }) => ({
      ...targetOf(options),
      tag: options["tag"] as string,
      interval: options["interval"] as string | undefined,
    }),
    body,
  );
}

export interface SentinelRequest extends TargetRequest {
  readonly sentinel: string;
}

export function dagManagerGc(body: CommandBody<SentinelRequest>): CommandModule {
  return commandOf(
    (command) =>
      addTarget(command)
        .requiredOption("--sentinel <id>", "sentinel of the strategy whose queues are looked at")
        .addHelpText("after", `\nRemoves queues that no strategy holds any more and whose time is over.`),
    ({ options }) => ({ ...targetOf(options), sentinel: options["sentinel"] as string }),
    body,
  );
}

export interface RedoDiffRequest extends SentinelRequest {
  readonly file: string;
}

export function dagManagerRedoDiff(body: CommandBody<RedoDiffRequest>): CommandModule {
  return commandOf(
    (command) =>
      addTarget(command)
        .requiredOption("--sentinel <id>", "sentinel of a strategy that was submitted")
        .requiredOption("--file <file>", "its DAG document"),
    ({ options }) => ({
      ...targetOf(options),
      sentinel: options["sentinel"] as string,
      file: options["file"] as string,
    }),
    body,
  );
}

export interface ExportSchemaRequest {
  readonly out: string | undefined;
}

export function dagManagerExportSchema(body: CommandBody<ExportSchemaRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .option("--out <file>", "write them to a file")
        .addHelpText("after", `\nPrints the constraints and indexes of a Neo4j that holds the graph.`),
    ({ options }) => ({ out: options["out"] as string | undefined }),
    body,
  );
}

export interface QueuesRequest extends TargetRequest, ContextWords {
  readonly tags: readonly string[];
  readonly intervalSeconds: number;
  readonly matchMode: "any" | "all";
  readonly gatewayUrl: string | undefined;
}

export function queues(body: CommandBody<QueuesRequest>): CommandModule {
  return commandOf(
    (command) =>
      addContext(addTarget(command))
        .requiredOption("--tags <tags>", "tags, separated by commas")
        .requiredOption("--interval <interval>", "interval of the queues: 1m, 1h, or seconds")
        .option("--gateway-url <url>", "ask the Gateway there instead; default QMTL_GATEWAY_URL")
        .option("--match <mode>", "any: one of the tags; all: every one", matchModeOf, "any")
        .addHelpText(
          "after",
          `\nExamples:\n  $ qmtl queues --tags BTC,price --interval 1m --world-id momentum --domain live`,
        ),
    ({ options }) => {
      const interval = options["interval"] as string;
      return {
        ...targetOf(options),
        ...contextOf(options),
        tags: (options["tags"] as string).split(",").map((tag) => tag.trim()),
        intervalSeconds: parseInterval(/^\d+$/.test(interval) ? Number(interval) : interval) / 1_000,
        matchMode: options["match"] as "any" | "all",
        gatewayUrl: options["gatewayUrl"] as string | undefined,
      };
    },
    body,
  );
}

function addTarget(command: Command): Command {
  return command.option("--target <host:port>", "gRPC address of the DAG Manager; by default that of qmtl.yml");
}

function targetOf(options: Readonly<Record<string, unknown>>): TargetRequest {
  return { target: options["target"] as string | undefined };
}

function addContext(command: Command): Command {
  return command
    .option("--world-id <id>", "the world; none without")
    .option("--domain <domain>", "backtest, dryrun, live or shadow; backtest without")
    .option("--as-of <time>", "the data's time, for backtests and dry runs");
}

function contextOf(options: Readonly<Record<string, unknown>>): ContextWords {
  const { worldId, domain, asOf } = options as Readonly<Record<string, string | undefined>>;
  return { worldId, executionDomain: domain, asOf };
}

function matchModeOf(text: string): "any" | "all" {
  if (text === "any" || text === "all") return text;
  throw new InvalidArgumentError("expected any or all");
}
