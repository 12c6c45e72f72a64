import { describe, expect, it } from "vitest";
import { runArguments } from "./run-arguments.ts";

describe("arguments of a strategy file", () => {
  it("name a world and a gateway, or nothing", () => {
    expect(runArguments([])).toBeUndefined();
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
