import { setTimeout } from "node:timers/promises";
import { QmtlError } from "@qmtl/core/errors";
import type { GatewayClient } from "@qmtl/sdk/gateway-client";
import { parse } from "yaml";
import { collect } from "../commands/request.ts";
import type { CommandCall, CommandModule } from "../shell/index.ts";
import { gatewayCommand, jsonOf, optionOf, textOf, wordOf } from "./gateway-command.ts";
import { fields, plain, table } from "./lines.ts";

type Answer = Readonly<Record<string, unknown>>;

const world = ["<world>", "id of the world"] as const;

const at = (call: CommandCall, path = ""): string => `/worlds/${encodeURIComponent(wordOf(call, 0))}${path}`;

function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** The epoch a change is based on: whoever changed the world meanwhile wins, and we are told (W-7). */
async function epochOf(call: CommandCall, client: GatewayClient): Promise<number> {
  return (await client.call<{ epoch: number }>("GET", at(call, "/order-state"))).epoch;
}

/**
 * A misspelt id would start nobody, or leave somebody trading. A world hears of a submission a moment after the Gateway
 * has taken it: who it does not know yet is asked for there.
 *
 * @throws QmtlError `EVALUATION_NOT_FOUND` with the nearest name
 */
async function requireKnown(call: CommandCall, client: GatewayClient, strategy: string): Promise<void> {
  try {
    await client.call("GET", at(call, `/explain${queryOf({ strategy_id: strategy })}`));
  } catch (error) {
    if (!(error instanceof QmtlError) || error.code !== "EVALUATION_NOT_FOUND") throw error;
    const submitted = await client.status(strategy).catch(() => undefined);
    if (submitted?.world_ids.includes(wordOf(call, 0)) !== true) throw error;
  }
}

/** The commands of `qmtl world`, by their words. */
export const worldCommands = {
  create: gatewayCommand<Answer>({
    words: [world],
    configure: (command) =>
      command
        .option("--name <text>", "name for people")
        .option("--description <text>", "what it is for")
        .option("--allow-live", "let its decisions reach live; a policy and an apply still have to"),
    examples: ["world create crypto --name 'Crypto, paper first'"],
    ask: ({ words, options: { name, description, allowLive } }, client) =>
      client.call("POST", "/worlds", {
        body: {
          id: words[0],
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(allowLive === true && { allow_live: true }),
        },
      }),
    text: (answer, palette) => `created\n${fields(answer, palette)}`,
  }),
  list: gatewayCommand<readonly Answer[]>({
    examples: ["world list", "world list --json"],
    ask: (_, client) => client.call("GET", "/worlds"),
    text: (worlds, palette) =>
      worlds.length === 0
        ? "no worlds; make one: qmtl world create ID"
        : table(["id", "name", "state", "allow_live", "default_policy_version"], worlds, palette),
  }),
  show: gatewayCommand<Answer>({
    words: [world],
    examples: ["world show crypto"],
    ask: (call, client) => client.call("GET", at(call)),
    text: fields,
  }),
  delete: gatewayCommand<Answer>({
    words: [world],
    examples: ["world delete crypto"],
    ask: async (call, client) => {
      await client.call("DELETE", at(call), { headers: { "if-match": await client.etagOf(at(call)) } });
      return { deleted: wordOf(call, 0) };
    },
    text: ({ deleted }) => `deleted ${plain(deleted)}; its audit trail stays`,
  }),
  decide: gatewayCommand<Answer>({
    words: [world],
    configure: (command) => command.option("--as-of <time>", "decision of that time, ISO-8601"),
    examples: ["world decide crypto"],
    ask: (call, client) => client.call("GET", at(call, `/decide${queryOf({ as_of: optionOf(call, "asOf") })}`)),
    text: fields,
  }),
  evaluate: gatewayCommand<Answer>({
    words: [world],
    configure: (command) =>
      command.option("--inputs <file.json>", "metrics, series, correlations, evidence by strategy"),
    examples: ["world evaluate crypto --inputs metrics.json", "world evaluate crypto --inputs - < metrics.json"],
    ask: async (call, client) =>
      client.call("POST", at(call, "/evaluate"), { body: await jsonOf(optionOf(call, "inputs")) }),
    text: fields,
  }),
  apply: gatewayCommand<Answer>({
    words: [world],
    configure: (command) =>
      command
        .requiredOption("--run-id <id>", "names the run: the same id again is the same run")
        .option("--inputs <file.json>", "what `evaluate` takes, for the world's policy to decide on")
        .option("--activate <strategy>", "instead of the policy: start it; may be repeated", collect, [])
        .option("--deactivate <strategy>", "stop it; may be repeated", collect, [])
        .option("--gating-policy <file>", "YAML or JSON with the edges and limits of the change")
        .option("--mode <mode>", "what the world may do afterwards: validate, compute-only, paper, live")
        .option("--allow-live", "confirm that live trading may start"),
    examples: [
      "world apply crypto --run-id 2026-01-05 --inputs metrics.json",
      "world apply crypto --run-id r1 --activate S --mode paper",
    ],
    ask: async (call, client) => {
      const { runId, activate, deactivate, gatingPolicy, mode, allowLive } = call.options;
      const plan = { activate: activate as string[], deactivate: deactivate as string[] };
      const inputs = optionOf(call, "inputs");
      // Without figures a policy finds nobody fit to trade: that is not what somebody means who names no figures.
      const isPlan = inputs === undefined;
      if (isPlan && plan.activate.length + plan.deactivate.length === 0 && mode === undefined) {
        throw new QmtlError("USAGE", "an apply needs --inputs, or --activate, --deactivate or --mode; found none", {
          hint: "name the figures to decide on, or what is to change",
        });
      }
      const seen = await client.call<{ epoch: number; allow_live: boolean }>("GET", at(call));
      for (const strategy of [...plan.activate, ...plan.deactivate]) await requireKnown(call, client, strategy);
      const body = {
        ...(await jsonOf(inputs)),
        run_id: runId,
        expected_epoch: seen.epoch,
        ...((isPlan || plan.activate.length + plan.deactivate.length > 0) && { plan }),
        ...(gatingPolicy !== undefined && { gating_policy: await textOf(gatingPolicy as string) }),
        ...(mode !== undefined && { effective_mode: mode }),
      };
      // The Gateway wants every apply confirmed that may start live trading: one to a lower mode cannot, and none can where
      // the world does not allow it (W-5).
      const isLower = mode !== undefined && mode !== "live";
      if (allowLive !== true && !isLower && seen.allow_live) {
        throw new QmtlError("LIVE_GUARD", `an apply in world "${wordOf(call, 0)}" may start live trading`, {
          hint: "confirm it with --allow-live, or say where it is to end: --mode paper",
        });
      }
      const headers = { "x-allow-live": "true" };
      return untilApplied(call, () => client.call("POST", at(call, "/apply"), { body, headers, timeoutMs: 60_000 }));
    },
    text: fields,
  }),
  explain: gatewayCommand<Answer>({
    words: [world],
    configure: (command) => command.option("--strategy <id>", "only what concerns this strategy"),
    examples: ["world explain crypto", "world explain crypto --strategy S --json"],
    ask: (call, client) =>
      client.call("GET", at(call, `/explain${queryOf({ strategy_id: optionOf(call, "strategy") })}`)),
    text: (answer) => JSON.stringify(answer, null, 2),
  }),
  kill: gatewayCommand<Answer>({
    words: [world],
    configure: (command) => command.requiredOption("--reason <text>", "why; it stands in the audit"),
    examples: ["world kill crypto --reason 'wrong prices from the feed'"],
    ask: (call, client) => client.call("POST", at(call, "/kill"), { body: { reason: call.options["reason"] } }),
    text: (answer, palette) => `orders are off in this world until it is revived\n${fields(answer, palette)}`,
  }),
  revive: gatewayCommand<Answer>({
    words: [world],
    configure: (command) => command.requiredOption("--reason <text>", "why it may trade again"),
    examples: ["world revive crypto --reason 'the feed is repaired'"],
    ask: (call, client) => client.call("POST", at(call, "/revive"), { body: { reason: call.options["reason"] } }),
    text: fields,
  }),
  unfreeze: gatewayCommand<Answer>({
    words: [world],
    configure: (command) => command.requiredOption("--reason <text>", "why the world may go on after its rollback"),
    examples: ["world unfreeze crypto --reason 'checked the positions'"],
    ask: async (call, client) =>
      client.call("POST", at(call, "/unfreeze"), {
        body: { reason: call.options["reason"], expected_epoch: await epochOf(call, client) },
      }),
    text: fields,
  }),
  audit: gatewayCommand<Answer | readonly Answer[]>({
    words: [world],
    configure: (command) =>
      command
        .option("--after <sequence>", "rows behind this one, oldest first")
        .option("--limit <count>", "how many rows at most", "1000"),
    examples: ["world audit crypto", "world audit crypto --after 1000 --json"],
    ask: (call, client) =>
      client.call(
        "GET",
        at(call, `/audit${queryOf({ after: optionOf(call, "after"), limit: optionOf(call, "limit") })}`),
      ),
    text: (answer, palette) => {
      const rows = Array.isArray(answer) ? (answer as readonly Answer[]) : [];
      return rows.length === 0
        ? "nothing has happened yet"
        : table(["sequence", "ts", "event", "outcome", "actor", "correlation_id"], rows, palette);
    },
  }),
  "replay-policy": gatewayCommand<Answer>({
    words: [["<file>", "the policy, YAML or JSON"]],
    configure: (command) =>
      command
        .option("--world <id>", 'the world whose evaluations are replayed; default: "world" of the policy')
        .option("--from <time>", "first evaluation, ISO-8601")
        .option("--to <time>", "end, exclusive"),
    examples: ["world replay-policy stricter.yml --world crypto --from 2026-01-01 --to 2026-02-01"],
    ask: async (call, client) => {
      const policy = await textOf(wordOf(call, 0));
      const { from, to } = call.options;
      const body = { policy, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      return client.call("POST", `/worlds/${encodeURIComponent(replayedWorld(call, policy))}/replay-policy`, { body });
    },
    text: (answer) => JSON.stringify(answer, null, 2),
  }),
} satisfies Record<string, CommandModule>;

/** The commands of `qmtl world policy`. */
export const policyCommands = {
  add: gatewayCommand<Answer>({
    words: [world, ["<file>", "the policy, YAML or JSON"]],
    configure: (command) => command.option("--default", "make it the world's policy at once"),
    examples: ["world policy add crypto policy.yml --default"],
    ask: async (call, client) => {
      const policy = await textOf(wordOf(call, 1));
      const added = await client.call<{ version: number }>("POST", at(call, "/policies"), { body: { policy } });
      if (call.options["default"] === true) {
        await setDefault(call, client, added.version);
      }
      return { ...added, default: call.options["default"] === true };
    },
    text: fields,
  }),
  list: gatewayCommand<readonly Answer[]>({
    words: [world],
    examples: ["world policy list crypto"],
    ask: (call, client) => client.call("GET", at(call, "/policies")),
    text: (policies, palette) =>
      policies.length === 0 ? "no policy" : table(["version", "default", "created_at"], policies, palette),
  }),
  show: gatewayCommand<Answer>({
    words: [world, ["<version>", "number of the version"]],
    examples: ["world policy show crypto 2"],
    ask: (call, client) => client.call("GET", at(call, `/policies/${encodeURIComponent(wordOf(call, 1))}`)),
    text: (answer) => JSON.stringify(answer, null, 2),
  }),
  "set-default": gatewayCommand<Answer>({
    words: [world, ["<version>", "number of the version"]],
    examples: ["world policy set-default crypto 1"],
    ask: (call, client) => setDefault(call, client, Number(wordOf(call, 1))),
    text: fields,
  }),
} satisfies Record<string, CommandModule>;

/** The commands of `qmtl world activation`. */
export const activationCommands = {
  get: gatewayCommand<Answer>({
    words: [world, ["[strategy]", "id of the strategy; all without it"]],
    configure: (command) => command.option("--side <side>", "long or short", "long"),
    examples: ["world activation get crypto", "world activation get crypto S --side short"],
    ask: (call, client) => {
      const strategy = call.words[1];
      if (strategy === undefined) return client.call("GET", at(call, "/order-state"));
      return client.call(
        "GET",
        at(call, `/activation${queryOf({ strategy_id: strategy as string, side: optionOf(call, "side") })}`),
      );
    },
    text: async (answer, palette) => {
      const { entries, ...state } = answer;
      if (!Array.isArray(entries)) return fields(answer, palette);
      const rows = entries as readonly Answer[];
      const columns = ["strategy_id", "side", "active", "weight", "freeze", "drain", "effective_mode"];
      const listed = rows.length === 0 ? "no strategy is activated" : await table(columns, rows, palette);
      return `${fields(state, palette)}\n\n${listed}`;
    },
  }),
  set: gatewayCommand<Answer>({
    words: [world, ["<strategy>", "id of the strategy"]],
    configure: (command) =>
      command
        .option("--side <side>", "long or short", "long")
        .option("--inactive", "switch it off")
        .option("--weight <number>", "share of its full size, 0 to 1")
        .option("--drain", "let open orders end, and send no new ones")
        .option("--mode <mode>", "a ceiling below the world's own mode"),
    examples: ["world activation set crypto S --weight 0.5", "world activation set crypto S --inactive"],
    ask: async (call, client) => {
      const { inactive, drain, mode } = call.options;
      const [side, weight] = [optionOf(call, "side")!, optionOf(call, "weight")];
      if (weight !== undefined && !(Number(weight) >= 0 && Number(weight) <= 1)) {
        throw new QmtlError("USAGE", `--weight must be a number from 0 to 1; found "${weight}"`);
      }
      const strategy = wordOf(call, 1);
      const etag = await etagOf(call, client, strategy, side);
      const body = {
        strategy_id: strategy,
        side,
        active: inactive !== true,
        ...(weight !== undefined && { weight: Number(weight) }),
        ...(drain === true && { drain: true }),
        ...(mode !== undefined && { effective_mode: mode }),
        ...(etag !== undefined && { etag }),
      };
      return client.call("PUT", at(call, "/activation"), { body });
    },
    text: fields,
  }),
} satisfies Record<string, CommandModule>;

/** Asks again until the run has ended: a freeze may have to wait for the leases of runners that do not answer. */
async function untilApplied({ context }: CommandCall, apply: () => Promise<Answer>): Promise<Answer> {
  for (let asked = 1; ; asked++) {
    const answer = await apply();
    if (answer["phase"] === "completed" || asked === applyQuestionsMax) return answer;
    if (asked === 1) context.note("waiting until every runner has closed its orders, or its lease has run out");
    await setTimeout(applyPauseMs, undefined, { signal: context.signal });
  }
}

// A lease lasts 3 s, and that of a service that came back a little longer; each question waits a quarter of a second.
const applyQuestionsMax = 40;
const applyPauseMs = 250;

async function setDefault(call: CommandCall, client: GatewayClient, version: number): Promise<Answer> {
  const headers = { "if-match": await client.etagOf(at(call)) };
  return client.call("POST", at(call, "/set-default"), { body: { version }, headers });
}

/** The etag a change is based on; none for an entry that is not there yet. */
async function etagOf(
  call: CommandCall,
  client: GatewayClient,
  strategy: string,
  side: string,
): Promise<string | undefined> {
  const query = queryOf({ strategy_id: strategy, side });
  try {
    return (await client.call<{ etag: string }>("GET", at(call, `/activation${query}`))).etag;
  } catch (error) {
    if (error instanceof QmtlError && error.code === "ACTIVATION_NOT_FOUND") return undefined;
    throw error;
  }
}

function replayedWorld({ options }: CommandCall, policy: string): string {
  if (options["world"] !== undefined) return options["world"] as string;
  let named: unknown;
  try {
    named = (parse(policy, { maxAliasCount: 0 }) as { world?: unknown } | null)?.world;
  } catch {
    // The service says what is wrong with it, with its line.
  }
  if (typeof named === "string" && named !== "") return named;
  throw new QmtlError("USAGE", "expected --world, for the policy names none", {
    hint: "qmtl world replay-policy FILE --world ID",
  });
}
