import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, type CliOutcome } from "../../apps/cli/src/testing/run-cli.ts";
import { startStack, type Stack } from "./stack.ts";

// The commands of worlds as a user types them, against services that run.

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  writeFileSync(join(stack.folder, "policy.yml"), "gates: [sharpe >= 1]\nselection: {score: sharpe, topk: {total: 1}}");
  writeFileSync(join(stack.folder, "figures.json"), '{"metrics": {"a": {"sharpe": 2}, "b": {"sharpe": 0}}}');
});
afterAll(() => stack.close());

const qmtl = (...words: string[]): Promise<CliOutcome> =>
  runCli(words, { folder: stack.folder, environment: { QMTL_GATEWAY_URL: stack.gatewayUrl } });

async function json<Answer>(...words: string[]): Promise<Answer> {
  const { stdout, stderr } = await qmtl(...words, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Answer;
}

describe("an apply", () => {
  it("needs no word about live trading where the world does not allow it, and is one run however often it is asked for", async () => {
    expect((await qmtl("world", "create", "plain")).exitCode).toBe(0);
    expect((await qmtl("world", "policy", "add", "plain", "policy.yml", "--default")).exitCode).toBe(0);
    const apply = ["world", "apply", "plain", "--run-id", "r1", "--inputs", "figures.json"];
    const first = await qmtl(...apply);
    expect([first.exitCode, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toMatch(/active +a\nphase +completed/);
    expect((await qmtl(...apply)).stdout).toBe(first.stdout);
    const other = await qmtl("world", "apply", "plain", "--run-id", "r1", "--deactivate", "a");
    expect(other).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('run "r1" was asked for before') });
  });

  it("wants it confirmed where the world does", async () => {
    expect((await qmtl("world", "create", "brave", "--allow-live")).exitCode).toBe(0);
    await stack.client.world("POST", "brave", "/bindings", { body: { strategies: ["a"] } });
    const apply = ["world", "apply", "brave", "--run-id", "r1", "--activate", "a"];
    const refused = await qmtl(...apply);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("hint: confirm it with --allow-live, or say where it is to end: --mode paper");
    expect((await qmtl(...apply, "--allow-live")).exitCode).toBe(0);
    expect(await json("world", "decide", "brave")).toMatchObject({ effective_mode: "paper" });
  });
});

it("refuses an apply to a strategy that the world does not know, and guesses which one is meant", async () => {
  expect((await qmtl("world", "create", "typos")).exitCode).toBe(0);
  await stack.client.world("POST", "typos", "/bindings", { body: { strategies: ["momentum"] } });
  const apply = ["world", "apply", "typos", "--run-id", "r1", "--mode", "paper"];
  for (const change of ["--activate", "--deactivate"]) {
    const refused = await qmtl(...apply, change, "momentun");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toBe('error: world "typos" knows no strategy "momentun"\nhint: did you mean "momentum"?\n');
  }
  expect((await qmtl(...apply, "--activate", "momentum")).stdout).toMatch(/active +momentum\n/);
});

it("shows how far a strategy has come, its queues and its history as tables, and all of it as JSON", async () => {
  expect((await qmtl("world", "create", "tables")).exitCode).toBe(0);
  const file = fileURLToPath(new URL("fixtures/strategies.ts", import.meta.url));
  const id = (await qmtl("submit", `${file}:Trend`, "--world", "tables", "--id")).stdout.trim();
  // An apply right behind the submission does not ask too soon.
  expect((await qmtl("world", "apply", "tables", "--run-id", "r1", "--activate", id)).exitCode).toBe(0);
  await expect.poll(async () => (await stack.client.status(id)).status).toBe("completed");
  const { queue_map: queues, sentinel_id: sentinel } = await stack.client.status(id);
  const [facts, nodes, steps] = (await qmtl("status", id)).stdout.split("\n\n");
  expect(facts).toMatch(
    new RegExp(`^strategy +${id}\nstate +completed\nworlds +tables\nsubmitted +.*Z\nupdated +.*Z\n`),
  );
  expect(facts).toContain(sentinel);
  const cells = (text = "") =>
    text
      .trim()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
  expect(cells(nodes)).toEqual([
    ["node", "queue"],
    [expect.stringMatching(/^─+$/)],
    ...Object.entries(queues).map(([node, [queue]]) => [`${node.slice(0, 19)}…`, queue!.queue]),
  ]);
  expect(cells(steps).map((row) => row.slice(1, 3))).toEqual([
    ["event", "status"],
    [],
    ["INIT", "queued"],
    ["PROCESS", "processing"],
    ["COMPLETE", "completed"],
  ]);
  expect(await json("status", id)).toEqual(await stack.client.status(id));
  expect((await qmtl("status")).stdout).toMatch(
    /^submissions +none under way\npretrade +0 order leases asked for, 0 refused$/m,
  );
});

describe("what a world does", () => {
  it("is explained: the world, or one strategy, and a guess for one it does not know", async () => {
    expect(await json("world", "explain", "plain", "--strategy", "b")).toMatchObject({
      run: { run_id: "r1", stage: "completed" },
      activation: [{ strategy_id: "b", state: "inactive", by_run: "r1" }],
      explanation: { strategies: { b: { active: false, decided_by: "gates.0", metrics: { sharpe: 0 } } } },
    });
    const unknown = await qmtl("world", "explain", "plain", "--strategy", "aa");
    expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('hint: did you mean "a"?') });
  });

  it("stands in the audit, page by page, and is proven", async () => {
    const rows = await json<{ sequence: number }[]>("world", "audit", "plain");
    const rest = await json<{ sequence: number }[]>("world", "audit", "plain", "--after", "2", "--limit", "3");
    expect(rest).toEqual(rows.slice(2, 5));
    expect((await qmtl("audit", "verify", "plain")).stdout).toBe(
      `${rows.length} rows, every one follows from the one before\n`,
    );
    const nowhere = await json("audit", "verify", "plian");
    expect(nowhere).toMatchObject({ error: { code: "WORLD_NOT_FOUND" } });
  });

  it("ends with a kill, until an operator gives a reason", async () => {
    expect((await qmtl("world", "kill", "plain")).exitCode).toBe(2);
    expect((await qmtl("world", "kill", "plain", "--reason", "feed")).exitCode).toBe(0);
    expect(await json("world", "decide", "plain")).toMatchObject({ effective_mode: "compute-only", reason: "killed" });
    expect((await qmtl("world", "revive", "plain", "--reason", "repaired")).exitCode).toBe(0);
    expect(await json("world", "decide", "plain")).toMatchObject({ effective_mode: "paper" });
  });
});
