import { describe, expect, it } from "vitest";
import { createMetrics } from "./index.ts";

describe("metrics", () => {
  it("are read as text, one registry for each service", async () => {
    const gateway = createMetrics("gateway");
    const world = createMetrics("world");
    gateway.counter("lost_requests_total", "submissions lost").increment();
    world.gauge("worlds", "worlds there are").set(3);
    const text = await gateway.text();
    expect(gateway.contentType).toContain("text/plain");
    expect(text).toContain("# HELP lost_requests_total submissions lost\n# TYPE lost_requests_total counter");
    expect(text).toContain("\nlost_requests_total 1\n");
    expect(text).toContain('service_up{service="gateway"} 1');
    expect(text).not.toContain("worlds");
  });

  it("show a counter without labels as 0 before anything happened", async () => {
    const metrics = createMetrics("gateway");
    metrics.counter("lost_requests_total", "submissions lost");
    expect(await metrics.text()).toContain("\nlost_requests_total 0\n");
  });

  it("give the same instrument for the same name", async () => {
    const metrics = createMetrics("gateway");
    metrics.counter("acks_total", "acknowledgements", ["topic"]).increment({ topic: "a" });
    metrics.counter("acks_total", "acknowledgements", ["topic"]).increment({ topic: "a" }, 2);
    expect(await metrics.text()).toContain('acks_total{topic="a"} 3');
  });

  it("do not grow without end: labels past the limit count together", async () => {
    const metrics = createMetrics("gateway", { labelSetsMax: 3 });
    const counter = metrics.counter("fills_total", "fills", ["world_id"]);
    for (let world = 0; world < 100; world++) counter.increment({ world_id: `w${world}` });
    counter.increment({ world_id: "w1" });
    const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("fills_total"));
    expect(lines.toSorted()).toEqual([
      'fills_total{world_id="__other__"} 97',
      'fills_total{world_id="w0"} 1',
      'fills_total{world_id="w1"} 2',
      'fills_total{world_id="w2"} 1',
    ]);
  });

  it("name the quantile of the last observations", async () => {
    const metrics = createMetrics("gateway");
    const latency = metrics.quantile("gateway_e2e_latency_p95", "milliseconds", 0.95, 100);
    expect(await metrics.text()).toContain("\ngateway_e2e_latency_p95 0\n");
    for (let value = 1; value <= 200; value++) latency.observe(value);
    // The last hundred are 101..200; the nearest-rank 95 % of them is the 95th.
    expect(await metrics.text()).toContain("\ngateway_e2e_latency_p95 195\n");
  });

  it("set, add to and remove a gauge, and refresh before reading", async () => {
    const metrics = createMetrics("dagmanager");
    const gauge = metrics.gauge("queue_lag_seconds", "lag", ["topic"]);
    gauge.set(5, { topic: "a" });
    gauge.add(2, { topic: "a" });
    gauge.set(1, { topic: "b" });
    gauge.remove({ topic: "b" });
    let readings = 0;
    metrics.beforeReading(() => metrics.gauge("readings", "readings").set(++readings));
    const text = await metrics.text();
    expect(text).toContain('queue_lag_seconds{topic="a"} 7');
    expect(text).not.toContain('topic="b"');
    expect(text).toContain("\nreadings 1\n");
  });
});
