import { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { CommandContext, CommandModule } from "../shell/index.ts";
import { dataCheck } from "./data-check.ts";
import { projectInit } from "./project-init.ts";
import type { CommandBody } from "./request.ts";
import { explain, report, reproduce } from "./results.ts";
import { graph, gridOf, sweep, verifyLookahead, verifyParity } from "./strategy-files.ts";
import { sdkOffline, sdkRun } from "./tools-sdk.ts";

/** What a command makes of its words. */
async function requestOf<Request>(
  module: (body: CommandBody<Request>) => CommandModule,
  ...words: string[]
): Promise<Request> {
  let seen: Request | undefined;
  const command = new Command("test").exitOverride().configureOutput({ writeErr: () => {} });
  const tested = module(async (request) => {
    seen = request;
    return Promise.resolve({ exitCode: 0, json: null, text: () => "" });
  });
  tested.configure(command);
  command.action(async () => {
    const words = command.processedArgs as string[];
    await tested.run({ words, options: command.opts(), context: {} as CommandContext });
  });
  await command.parseAsync(words, { from: "user" });
  if (seen === undefined) throw new Error("the command did not run");
  return seen;
}

describe("project init", () => {
  it("lists templates without a path", async () => {
    expect(await requestOf(projectInit, "--list-templates")).toEqual({ kind: "list-templates" });
  });

  it("starts from the general template, carefully, unless told otherwise", async () => {
    expect(await requestOf(projectInit, "--path", "p")).toEqual({
      kind: "create",
      path: "p",
      template: "general",
      withSampleData: false,
      force: false,
    });
    const words = ["--path", "p", "--strategy", "branching", "--with-sample-data", "--force"];
    expect(await requestOf(projectInit, ...words)).toMatchObject({
      template: "branching",
      withSampleData: true,
      force: true,
    });
  });

  it("asks for a path", async () => {
    await expect(requestOf(projectInit)).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  });
});

describe("tools sdk", () => {
  it.each([
    ["a/b.ts", { file: "a/b.ts", className: undefined }],
    ["a/b.ts:Momentum", { file: "a/b.ts", className: "Momentum" }],
    ["C:\\a\\b.mjs:Momentum", { file: "C:\\a\\b.mjs", className: "Momentum" }],
    ["C:\\a.ts\\b.js", { file: "C:\\a.ts\\b.js", className: undefined }],
  ])("takes %s apart", async (text, reference) => {
    expect(await requestOf(sdkOffline, text)).toMatchObject(reference);
  });

  it.each(["Momentum", "a/b.ts:", "a/b.py:Momentum", ":Momentum"])("refuses %j", async (text) => {
    await expect(requestOf(sdkRun, text)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("reads a range in seconds or in ISO-8601", async () => {
    const words = ["s.ts", "--start-time", "1700000000", "--end-time", "2023-11-14T23:13:20Z"];
    expect(await requestOf(sdkRun, ...words)).toMatchObject({
      startTimeMs: 1_700_000_000_000,
      endTimeMs: 1_700_003_600_000,
    });
  });

  it.each([
    ["TIME_INVALID", ["--start-time", "yesterday"]],
    ["TIME_INVALID", ["--start-time", "1700000000000"]],
    ["USAGE", ["--start-time", "1700003600", "--end-time", "1700000000"]],
    ["USAGE", ["--param", "lag"]],
  ])("answers %s to %j", async (code, words) => {
    await expect(requestOf(sdkRun, "s.ts", ...words)).rejects.toMatchObject({ code, exitCode: 2 });
  });

  it("reads parameters and files by name", async () => {
    const words = [
      "--param",
      "lag=10",
      "--param",
      "side=long",
      "--param",
      "__proto__=1",
      "--data",
      "a=x.csv",
      "--data",
      "y.csv",
    ];
    const { params, data } = await requestOf(sdkRun, "s.ts", ...words);
    expect(Object.entries(params)).toEqual([
      ["lag", 10],
      ["side", "long"],
      ["__proto__", 1],
    ]);
    expect(data).toEqual({ a: "x.csv", "": "y.csv" });
  });

  it("passes on the world to follow", async () => {
    const words = ["s.ts", "--world-id", "w", "--gateway-url", "http://localhost:8000", "--replay", "60"];
    const world = { worldId: "w", gatewayUrl: "http://localhost:8000", replaySpeed: 60 };
    expect(await requestOf(sdkRun, ...words)).toMatchObject({ world });
    expect(await requestOf(sdkRun, "s.ts")).toMatchObject({ world: undefined });
    await expect(requestOf(sdkRun, "s.ts", "--replay", "60")).rejects.toThrow("--world-id is needed");
  });
});

describe("commands on strategy files", () => {
  it.each([verifyParity, verifyLookahead])("reads what to verify", async (verify) => {
    expect(await requestOf(verify, "s.ts:A", "--param", "n=2")).toMatchObject({ className: "A", params: { n: 2 } });
  });

  it("reads how to draw a graph", async () => {
    expect(await requestOf(graph, "s.ts")).toMatchObject({ file: "s.ts", format: "text" });
    expect(await requestOf(graph, "s.ts", "--format", "dot")).toMatchObject({ format: "dot" });
    await expect(requestOf(graph, "s.ts", "--format", "gif")).rejects.toThrow("Allowed choices are text, mermaid, dot");
  });

  it("reads a sweep", async () => {
    const words = ["s.ts", "--param", "fast=2..4", "--param", "side=long,short", "--workers", "2", "--top", "3"];
    expect(await requestOf(sweep, ...words)).toMatchObject({
      grid: { fast: [2, 3, 4], side: ["long", "short"] },
      where: [],
      broker: {},
      metric: "sharpe",
      workers: 2,
      top: 3,
    });
    const more = ["--where", "fast < slow", "--where", "fast > 2", "--fee", "0.001", "--out", "runs.csv"];
    expect(await requestOf(sweep, "s.ts", "--param", "fast=1", ...more)).toMatchObject({
      where: ["fast < slow", "fast > 2"],
      broker: { fees: { kind: "percent", rate: 0.001 } },
      out: "runs.csv",
    });
    await expect(requestOf(sweep, "s.ts")).rejects.toThrow("--param");
    await expect(requestOf(sweep, "s.ts", "--param", "a=1", "--workers", "0")).rejects.toThrow("at least 1");
  });

  it.each([
    ["a=1..3", [1, 2, 3]],
    ["a=-1..1", [-1, 0, 1]],
    ["a=10..30:10", [10, 20, 30]],
    ["a=0..1:0.3", [0, 0.3, 0.6, 0.9]],
    ["a=0.1..0.3:0.1", [0.1, 0.2, 0.3]],
    ["a=5", [5]],
    ["a=true,2,x", [true, 2, "x"]],
  ])("reads the values of %s", (entry, values) => {
    expect(gridOf([entry])).toEqual({ a: values });
  });

  it.each(["a", "=1..2", "a=3..1", "a=1..2:0", "a=0..1e9", "a=0..x"])("refuses the values %s", (entry) => {
    expect(() => gridOf([entry])).toThrow(/expected/);
  });
});

describe("commands on results", () => {
  it("reads the run", async () => {
    expect(await requestOf(report, "latest")).toEqual({ run: "latest", format: "html", out: undefined });
    expect(await requestOf(reproduce, "runs/1")).toEqual({ run: "runs/1" });
  });

  it("reads what to explain", async () => {
    expect(await requestOf(explain, "r", "--order", "17")).toEqual({ kind: "order", run: "r", orderId: "17" });
    expect(await requestOf(explain, "r", "--at", "0")).toEqual({ kind: "time", run: "r", timeMs: 0 });
    expect(await requestOf(explain, "--sharing", "a.ts", "b.ts:B")).toEqual({
      kind: "sharing",
      strategies: [
        { file: "a.ts", className: undefined },
        { file: "b.ts", className: "B" },
      ],
    });
  });

  it.each([[["r"]], [["r", "--order", "1", "--at", "0"]], [["r", "q", "--order", "1"]]])(
    "refuses %j",
    async (words) => {
      await expect(requestOf(explain, ...words)).rejects.toMatchObject({ code: "USAGE" });
    },
  );
});

it("reads what to check of a file", async () => {
  expect(await requestOf(dataCheck, "f.csv", "--interval", "1h", "--time-format", "epoch-ms")).toEqual({
    file: "f.csv",
    interval: "1h",
    timeZone: "UTC",
    timeFormat: "epoch-ms",
  });
});
