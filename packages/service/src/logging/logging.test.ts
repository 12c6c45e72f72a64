import { QmtlError } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/index.ts";
import { createLogger, type Logger } from "./index.ts";

function openLog(level: "debug" | "info" = "info"): {
  logger: Logger;
  lines: () => Record<string, unknown>[];
  text: () => string;
} {
  let text = "";
  const destination = { write: (line: string) => void (text += line) };
  const logger = createLogger({ service: "gateway", clock: new VirtualClock(), level, destination });
  const lines = () =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text: () => text };
}

describe("a log line", () => {
  it("is one JSON object with time, level, service, its subject and a message", () => {
    const { logger, lines } = openLog();
    const ofWorld = logger.child({ world_id: "w1", correlation_id: "c1" });
    ofWorld.info("world frozen", { epoch: 7, strategy_id: "s1" });
    logger.debug("not wanted");
    expect(lines()).toEqual([
      {
        level: "info",
        time: "2026-01-01T00:00:00.000Z",
        service: "gateway",
        world_id: "w1",
        correlation_id: "c1",
        strategy_id: "s1",
        epoch: 7,
        message: "world frozen",
      },
    ]);
  });

  it("shows an error with its code, its cause and where it came from", () => {
    const { logger, lines } = openLog();
    const cause = new Error("disk full");
    logger.error("not stored", {
      error: new QmtlError("STORE_FAILED", "the write failed", { cause, details: { n: 1n } }),
    });
    expect(lines()[0]).toMatchObject({
      error: {
        code: "STORE_FAILED",
        message: "the write failed",
        details: { n: "1" },
        cause: { message: "disk full" },
        stack: expect.stringContaining("logging.test.ts"),
      },
    });
  });

  it("stays a line whatever it is given", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const { logger, lines } = openLog();
    logger.info("odd\nthings", { circle, text: "x".repeat(100_000), list: Array.from({ length: 1_000 }, () => 1) });
    expect(lines()).toHaveLength(1);
    expect(JSON.stringify(lines()).length).toBeLessThan(10_000);
  });
});

describe("secrets", () => {
  const token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJyZWEifQ.c2lnbmF0dXJlLWhlcmU";
  it.each([
    ["a field of a telling name", { password: "hunter2" }],
    ["nested deep", { config: { database: { neo4j_password: "hunter2" } } }],
    ["in a list", { accounts: [{ apiKey: "hunter2" }, { api_key: "hunter2" }] }],
    ["a connection string", { redis_dsn: "redis://:hunter2@host" }],
    ["headers", { headers: { authorization: "Basic hunter2hunter2", cookie: "s=hunter2", "x-signature": "hunter2" } }],
    ["a ticket", { ticket: "hunter2" }],
    ["a secret of the configuration", { value: new Secret("hunter2") }],
    ["a URL with a password", { url: "postgres://qmtl:hunter2@host/db" }],
    ["a URL with a token", { url: "/ws/evt?world=w&ticket=hunter2&x=1" }],
    ["an error's message", { error: new Error("cannot open amqp://u:hunter2@host") }],
    ["an error's cause", { error: new Error("x", { cause: new Error("Bearer hunter2hunter2") }) }],
    ["an error's details", { error: new QmtlError("STORE_FAILED", "x", { details: { secret: "hunter2" } }) }],
  ])("do not get out: %s", (_what, fields) => {
    const { logger, text } = openLog();
    logger.info("message", fields);
    logger.child(fields).warn("message");
    expect(text()).not.toContain("hunter2");
    expect(text()).toContain("[secret]");
  });

  it("do not get out of messages either", () => {
    const { logger, text } = openLog();
    logger.warn(`Authorization: Bearer ${token}`);
    logger.warn(`token ${token}`);
    logger.warn("GET /ws?token=abcdef HTTP/1.1");
    expect(text()).not.toContain(token.slice(0, 20));
    expect(text()).not.toContain("abcdef");
  });

  it("do not get out wherever a token stands", () => {
    fc.assert(
      fc.property(fc.object({ withBigInt: true }), fc.string(), fc.string(), (fields, before, after) => {
        const { logger, text } = openLog();
        logger.info(`${before} ${token} ${after}`, { ...fields, place: { note: `${before} ${token}` } });
        return !text().includes(token);
      }),
      { numRuns: 200 },
    );
  });

  it("are told from facts about them", () => {
    const { logger, lines } = openLog();
    logger.info("issued", { token_id: "t1", ticket_count: 3, key: "w1:s1", sequence: 4 });
    expect(lines()[0]).toMatchObject({ token_id: "t1", ticket_count: 3, key: "w1:s1", sequence: 4 });
  });
});
