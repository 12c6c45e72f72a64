import { VirtualClock } from "@qmtl/testkit/clock";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { openWorld } from "./testing/open-world.ts";

const guide = readFileSync(new URL("../../../docs/worlds.md", import.meta.url), "utf8");

function block(info: string): string {
  const text = new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(guide)?.[1];
  if (text === undefined) throw new Error(`docs/worlds.md has no block "${info}"`);
  return text;
}

it("docs/worlds.md: its gating policy takes a world to paper", async () => {
  const test = await openWorld({ clock: new VirtualClock() });
  await test.call("POST", "/worlds", { id: "crypto" });
  const body = { run_id: "r", expected_epoch: 1, plan: { activate: ["trend"] }, gating_policy: block("yaml gating") };
  const { body: run } = await test.call("POST", "/worlds/crypto/apply", body);
  expect(run).toMatchObject({ phase: "completed" });
  const { body: decision } = await test.call("GET", "/worlds/crypto/decide");
  expect(decision).toMatchObject({ effective_mode: "paper", execution_domain: "dryrun" });
  await test.close();
});

it("docs/worlds.md: its policy judges its inputs as it says", async () => {
  const test = await openWorld({ clock: new VirtualClock() });
  await test.call("POST", "/worlds", { id: "crypto" });
  expect((await test.call("POST", "/worlds/crypto/policies", { policy: block("yaml policy") })).status).toBe(200);
  const { status, body } = await test.call("POST", "/worlds/crypto/evaluate", JSON.parse(block("json inputs")));
  expect(status).toBe(200);
  expect(body).toMatchObject(JSON.parse(block("json answer")) as object);
  await test.close();
});
