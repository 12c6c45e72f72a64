import { VirtualClock } from "@qmtl/testkit/clock";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Authenticator, LocalKeySet } from "../auth/index.ts";
import { systemClock, systemIds } from "../edge/index.ts";
import { createHttpServer, listen } from "../http/index.ts";
import { createLogger, silentLogger } from "../logging/index.ts";
import { createMetrics } from "../metrics/index.ts";
import { createTracing, readTraceparent, traceIdOf } from "./index.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

describe("traceparent", () => {
  it.each([
    [`00-${trace}-${spanId}-01`, { traceId: trace, spanId, sampled: true }],
    [`00-${trace}-${spanId}-00`, { traceId: trace, spanId, sampled: false }],
    [`cc-${trace}-${spanId}-01-what-comes-later`, { traceId: trace, spanId, sampled: true }],
    [`00-${trace}-${spanId}-01-more`, undefined],
    [`ff-${trace}-${spanId}-01`, undefined],
    [`00-${"0".repeat(32)}-${spanId}-01`, undefined],
    [`00-${trace}-${"0".repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-${spanId}-01`, undefined],
    [`00-${trace}-${spanId}`, undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s", (header, context) => expect(readTraceparent(header)).toEqual(context));
});

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code?: number; message?: string };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  service: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

describe("traces", () => {
  let collector: Server;
  let endpoint: string;
  let spans: OtlpSpan[];
  let status: number;
  beforeEach(async () => {
    spans = [];
    status = 200;
    collector = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const { resourceSpans } = JSON.parse(body);
        for (const { resource, scopeSpans } of resourceSpans) {
          const service = resource.attributes[0].value.stringValue as string;
          if (status === 200) spans.push(...scopeSpans[0].spans.map((span: OtlpSpan) => ({ ...span, service })));
        }
        response.writeHead(request.url === "/v1/traces" ? status : 404).end("{}");
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterEach(() => collector.close());

  const tracingOf = (service: string, to: string | null = endpoint) =>
    createTracing({ service, endpoint: to, clock: systemClock, ids: systemIds, logger: silentLogger });

  it("follow one request through two services under one id", async () => {
    const auth = new Authenticator({
      clock: systemClock,
      ids: systemIds,
      keys: await LocalKeySet.inMemory(),
      loopback: true,
    });
    const open = async (name: string, tracing = tracingOf(name)) => ({
      tracing,
      server: await createHttpServer({
        name,
        auth,
        logger: silentLogger,
        metrics: createMetrics(name),
        clock: systemClock,
        ids: systemIds,
        tracing,
      }),
    });
    const inner = await open("world");
    inner.server.post("/decide", { config: { access: { role: "public" } } }, async () =>
      inner.tracing.span("evaluate", async (span) => {
        span.set("world_id", "w1");
        return "live";
      }),
    );
    const innerUrl = await listen(inner.server, { host: "127.0.0.1", port: 0 });
    const outer = await open("gateway");
    outer.server.post("/strategies", { config: { access: { role: "public" } } }, async () => {
      const headers = { "content-type": "application/json", ...outer.tracing.headers() };
      const reply = await fetch(`${innerUrl}/decide`, { method: "POST", headers, body: "{}" });
      return reply.text();
    });
    const outerUrl = await listen(outer.server, { host: "127.0.0.1", port: 0 });
    const headers = { "content-type": "application/json", traceparent: `00-${trace}-${spanId}-01` };
    const replies = await Promise.all(
      [1, 2, 3].map(async () =>
        (await fetch(`${outerUrl}/strategies`, { method: "POST", headers, body: "{}" })).text(),
      ),
    );
    expect(replies).toEqual(["live", "live", "live"]);
    await Promise.all([inner.server.close(), outer.server.close()]);
    await Promise.all([inner.tracing.flush(), outer.tracing.flush()]);

    expect(spans).toHaveLength(9);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(9);
    for (const evaluate of spans.filter(({ name }) => name === "evaluate")) {
      const decide = spans.find((span) => span.spanId === evaluate.parentSpanId)!;
      expect(decide).toMatchObject({ name: "POST /decide", service: "world", kind: 2 });
      const submit = spans.find((span) => span.spanId === decide.parentSpanId)!;
      expect(submit).toMatchObject({ name: "POST /strategies", service: "gateway", parentSpanId: spanId });
      expect(BigInt(submit.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(submit.startTimeUnixNano));
      expect(evaluate.attributes).toContainEqual({ key: "world_id", value: { stringValue: "w1" } });
    }
  });

  it("find work that is done later for the same request by its correlation id", async () => {
    const tracing = tracingOf("gateway");
    await tracing.span("another request", async () => {
      await tracing.span("diff", async () => {}, { traceId: traceIdOf(trace) });
      await tracing.span("diff", async () => {}, { traceId: traceIdOf("run-7") });
    });
    await tracing.flush();
    expect(spans.slice(0, 2)).toMatchObject([
      { name: "diff", traceId: trace },
      { name: "diff", traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
    expect(spans.slice(0, 2).every((span) => span.parentSpanId === undefined)).toBe(true);
    expect(traceIdOf("0".repeat(32))).not.toBe("0".repeat(32));
  });

  it("say what failed, without its secrets", async () => {
    const tracing = tracingOf("gateway");
    const work = tracing.span("connect", async () => {
      throw new Error("no route to postgres://qmtl:hunter2@db");
    });
    await expect(work).rejects.toThrow("no route");
    await tracing.flush();
    expect(spans[0]!.status).toEqual({ code: 2, message: "no route to postgres://qmtl:[secret]@db" });
  });

  it("are passed on, and not recorded, without an endpoint or when the caller does not sample", async () => {
    const parent = { traceId: trace, spanId, sampled: true };
    const quiet = tracingOf("gateway", null);
    await quiet.span("a", async () => expect(quiet.headers()).toEqual({ traceparent: `00-${trace}-${spanId}-01` }), {
      parent,
    });
    await quiet.span("b", async () => expect(quiet.headers()).toEqual({}));
    const tracing = tracingOf("gateway");
    const unsampled = { ...parent, sampled: false };
    await tracing.span("c", async () => expect(tracing.headers()["traceparent"]).toMatch(/-00$/), {
      parent: unsampled,
    });
    await tracing.flush();
    expect(spans).toEqual([]);
  });

  it("do not make work wait or fail when nobody takes them; that is said once", async () => {
    status = 503;
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ service: "gateway", clock: systemClock, destination });
    const clock = new VirtualClock();
    const tracing = createTracing({ service: "gateway", endpoint, clock, ids: systemIds, logger });
    for (let count = 0; count < 6_000; count++) expect(await tracing.span("x", async () => count)).toBe(count);
    await tracing.flush();
    expect(lines.filter((line) => line.includes("traces are not taken"))).toHaveLength(1);
    status = 200;
    await tracing.span("y", async () => {});
    await tracing.flush();
    expect(spans).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/traces are taken again.*|lost":6000/);
  });
});
