import { appendFileSync } from "node:fs";
import {
  ema,
  loadFrame,
  OrderPublishNode,
  ProcessingNode,
  Runner,
  sma,
  Strategy,
  StreamInput,
} from "../../../packages/sdk/src/index.ts";
import type { BusyRunnerTask } from "./runner-process.ts";

// A runner that wants to trade on every bar, in a process of its own. Its recorder writes down every order at the moment
// it leaves, by the clock that all processes of a machine share.

/** Two strategies of another `side` share all nodes but the last. */
class Busy extends Strategy<{ size: number }> {
  static override readonly defaults = { size: 0.5 };

  override setup(): void {
    const price = new StreamInput({ name: "price", instrument: "BTCUSDT", interval: "1m", tags: ["BTC", "price"] });
    const fast = ema(price.field("close"), 5);
    const slow = sma(price.field("close"), 30);
    const orders = new ProcessingNode({
      name: "orders",
      input: { fast, slow },
      params: { size: this.params.size },
      compute: (view, { size }) => {
        const minute = Math.round(view.of("fast").get("value"));
        return [{ target_percent: minute % 2 === 0 ? size : size / 2 }];
      },
    });
    this.addNodes(price, fast, slow, orders, new OrderPublishNode(orders));
  }
}

const { worldId, gatewayUrl, bars, folder, size, speed, recordPath } = JSON.parse(process.argv[2]!) as BusyRunnerTask;
const { frame } = await loadFrame(bars, {});
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const run = await Runner.session(Busy, {
  worldId,
  gatewayUrl,
  params: { size },
  broker: { cash: 100_000 },
  data: frame,
  historyEnd: new Date(frame.time[300]!),
  replaySpeed: speed,
  stateFolder: folder,
  testMode: true,
  onNotice: ({ message }) => say({ notice: message }),
  onOrder: ({ clientOrderId, epoch }) =>
    appendFileSync(recordPath, `${JSON.stringify({ clientOrderId, epoch, ns: String(process.hrtime.bigint()) })}\n`),
});
const watch = setInterval(() => {
  if (run.strategyId === undefined) return;
  clearInterval(watch);
  say({ strategyId: run.strategyId });
}, 20);
setInterval(() => say({ closedMs: run.closedMs, off: run.ordersOffBecause ?? null }), 200).unref();
await run.ended;
