import { blake3Text } from "@qmtl/core";
import type { GatewayStatus, StrategyAck, StrategyHistory, StrategyStatus } from "@qmtl/contracts/gateway";
import { strategyOrDefault, strategyArgument } from "../commands/request.ts";
import { gatewayCommand } from "./gateway-command.ts";
import type { Palette } from "../shell/index.ts";
import { fields, table } from "./lines.ts";

type ShownStrategy = StrategyStatus & { readonly events?: StrategyHistory["events"] };

export const statusCommand = gatewayCommand<GatewayStatus | ShownStrategy>({
  words: [["[strategy]", "id of a strategy; the Gateway itself without it"]],
  examples: ["status", "status 6f1c… --json"],
  ask: async ({ words: [strategy], context: { json } }, client) => {
    if (typeof strategy !== "string") return client.call("GET", "/status");
    const status = await client.status(strategy);
    if (json) return status;
    const path = `/strategies/${encodeURIComponent(strategy)}/history`;
    const { events } = await client.call<StrategyHistory>("GET", path);
    return { ...status, events };
  },
  text: (answer, palette) => ("queue_map" in answer ? strategyText(answer, palette) : gatewayText(answer, palette)),
});

function gatewayText({ submissions, pretrade, ...status }: GatewayStatus, palette: Palette): string {
  const { attempts, rejections } = pretrade;
  const refused = Object.values(rejections).reduce((sum, count) => sum + count, 0);
  const why = refused === 0 ? "" : `: ${counted(rejections)}`;
  return fields(
    {
      ...status,
      submissions: counted(submissions) || "none under way",
      pretrade: `${attempts} order leases asked for, ${refused} refused${why}`,
    },
    palette,
  );
}

/** "3 queued, 1 processing" */
function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");
}

async function strategyText(strategy: ShownStrategy, palette: Palette): Promise<string> {
  const { queue_map: queues, events = [], attempts } = strategy;
  const rows = Object.entries(queues).flatMap(([node, list]) =>
    list.map(({ queue, global: isGlobal }) => ({ node: shortId(node), queue: isGlobal ? `${queue} (global)` : queue })),
  );
  const facts = {
    strategy: strategy.strategy_id,
    state: strategy.status,
    reason: strategy.reason,
    worlds: strategy.world_ids,
    submitted: strategy.submitted_at,
    updated: strategy.updated_at,
    attempts: attempts === 0 ? undefined : `${attempts} failed`,
    sentinel: strategy.sentinel_id,
  };
  return [
    fields(facts, palette),
    rows.length === 0 ? "no queues yet" : await table(["node", "queue"], rows, palette),
    await table(["ts", "event", "status", "reason"], events, palette),
  ].join("\n\n");
}

/** Enough of a node's id to find it by: "blake3:be07947032b1…". */
function shortId(id: string): string {
  return id.replace(/^(blake3:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

export const submitCommand = gatewayCommand<StrategyAck>({
  words: [strategyArgument],
  configure: (command) =>
    command
      .option(
        "--world <id>",
        "world to submit to; may be repeated",
        (id: string, before: string[]) => [...before, id],
        [],
      )
      .option("--dry-run", "check it and show its queues, and change nothing")
      .option("--id", "print the strategy's id alone, for scripts"),
  examples: [
    "submit strategy.ts --world crypto",
    "submit strategy.ts --world crypto --id",
    "submit strategy.ts:Momentum --world crypto --dry-run",
  ],
  ask: async ({ words, options, context }, client) => {
    const { loadStrategy } = await import("../bodies/strategy-module.ts");
    const { submissionFor } = await import("@qmtl/sdk/world-graph");
    const { strategy } = await loadStrategy(await strategyOrDefault(words[0] as string | undefined));
    const submission = await submissionFor(strategy, options["world"] as string[], {
      client,
      waitsFor: "nothing",
      keep: options["dryRun"] !== true,
      signal: context.signal,
    });
    if (options["dryRun"] === true) return client.dryRun(submission);
    return client.submit(submission, blake3Text(JSON.stringify(submission)));
  },
  text: (answer, palette, { options }) => {
    if (options["id"] === true) return answer.strategy_id;
    const { queue_map: queues, ...ack } = answer;
    const waiting =
      Object.keys(queues).length === 0 ? `\nits queues are under way: qmtl status ${answer.strategy_id}` : "";
    return `${fields(ack, palette)}${Object.entries(queues)
      .map(([node, list]) => `\n  ${node}  ${list.map(({ queue }) => queue).join(", ")}`)
      .join("")}${waiting}`;
  },
});

interface AuditVerdict {
  readonly intact: boolean;
  readonly rows?: number;
  /** First row that does not follow from the one before. */
  readonly sequence?: number;
  readonly reason?: string;
}

export const verifyAuditCommand = gatewayCommand<AuditVerdict>({
  words: [["<world>", "id of the world"]],
  examples: ["audit verify crypto"],
  ask: ({ words }, client) => client.world("GET", words[0] as string, "/audit/verify"),
  text: ({ intact, rows, sequence, reason }, palette) =>
    intact
      ? palette.green(`${rows} rows, every one follows from the one before`)
      : palette.red(`row ${sequence} is broken: ${reason}`),
  exitCode: ({ intact }) => (intact ? 0 : 1),
});
