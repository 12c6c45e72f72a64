import { blake3Text } from "@qmtl/core";
import type { GatewayStatus, StrategyAck, StrategyStatus } from "@qmtl/contracts/gateway";
import { strategyOrDefault, strategyArgument } from "../commands/request.ts";
import { gatewayCommand } from "./gateway-command.ts";
import { fields } from "./lines.ts";

export const statusCommand = gatewayCommand<GatewayStatus | StrategyStatus>({
  words: [["[strategy]", "id of a strategy; the Gateway itself without it"]],
  examples: ["status", "status 6f1c… --json"],
  ask: ({ words }, client) =>
    words[0] === undefined ? client.call("GET", "/status") : client.status(words[0] as string),
  text: (answer, palette) => {
    if (!("queue_map" in answer)) return fields(answer, palette);
    const { queue_map: queues, ...status } = answer;
    const rows = Object.entries(queues).map(
      ([node, list]) => `  ${node}  ${list.map(({ queue }) => queue).join(", ")}`,
    );
    return `${fields(status, palette)}\n${rows.length} queues\n${rows.join("\n")}`.trimEnd();
  },
});

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
    const { submissionFor } = await import("@qmtl/sdk/world-run");
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
