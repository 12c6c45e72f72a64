import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runArguments } from "./run-arguments.ts";

describe("arguments of a strategy file", () => {
  it("name a world and a gateway, or nothing", () => {
    expect(runArguments([])).toBeUndefined();
    expect(runArguments(["--debug"])).toBeUndefined();
    expect(runArguments(["--world-id", "w", "--gateway-url", "http://h:1"])).toEqual({
      worldId: "w",
      gatewayUrl: "http://h:1",
    });
    expect(runArguments(["--world-id=w"], { QMTL_GATEWAY_URL: "http://h:2" })).toMatchObject({
      gatewayUrl: "http://h:2",
    });
    expect(runArguments(["--world-id=w"], { QMTL_TOKEN: "t" })).toMatchObject({ token: "t" });
    expect(runArguments(["--world-id=w", "--replay", "max"], {})).toEqual({
      worldId: "w",
      gatewayUrl: "http://127.0.0.1:8000",
      replaySpeed: "max",
    });
  });

  it.each([
    [["--world-ids", "w"], "did you mean --world-id?"],
    [["--gateway-url", "http://h:1"], "leave all of them out to run offline"],
    [["--world-id", "w", "--replay", "0"], undefined],
    [["file.csv"], "--world-id W --gateway-url URL [--replay SPEED]"],
  ])("refuse %j with the next step", (args, hint) => {
    expect(() => runArguments(args)).toThrow(expect.objectContaining({ code: "USAGE", hint }));
  });
});

describe("a strategy file that is run by itself", () => {
  const index = new URL("../index.ts", import.meta.url).href;
  const file = `
    import { followWorld, runArguments, Runner, Strategy, StreamInput } from ${JSON.stringify(index)};
    class Plain extends Strategy {
      setup() { this.addNodes(new StreamInput({ name: "price", interval: "1m" })); }
    }
    const world = runArguments(process.argv.slice(1));
    if (process.env.BUG) throw new TypeError("a bug");
    await (world ? followWorld(Plain, world) : Runner.offline(Plain));
  `;
  const start = (args: readonly string[], environment: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", file, "--", ...args],
      {
        cwd: fileURLToPath(new URL(".", import.meta.url)),
        env: { PATH: process.env["PATH"], ...environment },
        encoding: "utf8",
      },
    );
    return { status, stdout, stderr };
  };
  const noData = `error: stream "price" has no data (DATA_MISSING)
hint: pass it to the run, data: { "price": "prices.csv" }, or give the stream a history
`;

  it.each([
    [["--world", "w"], 2, /^error: unknown option '--world'.* \(USAGE\)\nhint: did you mean --world-id\?\n$/],
    [["--world-id", "a b"], 2, /^error: worldId must be letters.*; found "a b" \(USAGE\)\n$/],
    [
      ["--world-id", "w", "--gateway-url", "nowhere"],
      2,
      /^error: gatewayUrl must be .*\(USAGE\)\nhint: for example .*\n$/,
    ],
  ])("says what is wrong with %j, without a stack", (args, status, stderr) => {
    expect(start(args)).toEqual({ status, stdout: "", stderr: expect.stringMatching(stderr) });
  });

  it("says what is wrong with its data, and where when somebody asks for that", () => {
    expect(start([])).toEqual({ status: 1, stdout: "", stderr: noData });
    for (const { status, stderr } of [start(["--debug"]), start([], { QMTL_DEBUG: "1" })]) {
      expect(status).toBe(1);
      expect(stderr.startsWith(noData)).toBe(true);
      expect(stderr).toMatch(/QmtlError: .*\n +at .*bind-data\.ts/);
    }
  });

  it("prints the stack of a bug", () => {
    const { status, stderr } = start([], { BUG: "1" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/TypeError: a bug\n +at /)]);
  });
});
