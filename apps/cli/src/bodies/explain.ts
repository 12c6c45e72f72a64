import { formatInstant, QmtlError } from "@qmtl/core";
import { explainMoment, explainOrder, explainSharing, type Explanation, type SharingReport } from "@qmtl/sdk/explain";
import { readRun, reproduceRun } from "@qmtl/sdk/runs";
import { loadStrategyClass } from "@qmtl/sdk/strategy-file";
import { explain } from "../commands/results.ts";
import { renderTable, type CommandContext } from "../shell/index.ts";

export const command = explain(async (request, context) => {
  if (request.kind === "sharing") {
    const classes = await Promise.all(
      request.strategies.map(({ file, className }) => loadStrategyClass(file, className)),
    );
    const report = explainSharing(classes);
    return { exitCode: 0, json: report, text: () => sharingText(report, context) };
  }
  const { result, identical, changedInputs } = await reproduceRun(await readRun(request.run), context.signal);
  if (!identical) {
    const [first] = changedInputs;
    throw new QmtlError(
      "REPRODUCE_MISMATCH",
      `run ${request.run} cannot be explained: ${first ? `${first.what} is not what it was` : "it no longer gives its recorded result"}`,
      {
        details: { changedInputs },
        hint: "run the strategy again and explain the new run",
      },
    );
  }
  const explanation =
    request.kind === "order"
      ? explainOrder(result, orderNumber(request.orderId))
      : explainMoment(result, request.timeMs);
  return { exitCode: 0, json: explanation, text: () => explanationText(explanation, context) };
});

function orderNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new QmtlError("USAGE", `expected the number of an order, found "${text}"`, {
    hint: "orders are numbered from 1",
  });
}

async function explanationText(explanation: Explanation, context: CommandContext): Promise<string> {
  const { account, nodes, because, limits } = explanation;
  const rows = nodes.map(({ node, barMs, fresh, value, inputs }) => [
    node,
    barMs === null ? "-" : `${formatInstant(barMs)}${fresh ? "" : " (before)"}`,
    value === null ? "-" : JSON.stringify(value),
    inputs.join(", "),
  ]);
  const table = await renderTable(
    [{ title: "node" }, { title: "bar" }, { title: "value" }, { title: "inputs" }],
    rows,
    context.palette,
  );
  const held = account && Object.entries(account.positions).map(([symbol, quantity]) => `${quantity} ${symbol}`);
  return [
    context.palette.bold(`at ${formatInstant(explanation.atMs)}`),
    ...because.map((reason) => `  ${reason}`),
    ...(account ? ["", `account: equity ${account.equity}, cash ${account.cash}, positions ${held!.join(", ")}`] : []),
    "",
    table,
    "",
    ...limits.map(({ name, value }) => `${name}: ${value}`),
  ].join("\n");
}

async function sharingText(
  { nodes, distinct, shared, byStrategy }: SharingReport,
  { palette }: CommandContext,
): Promise<string> {
  const costs = await renderTable(
    [
      { title: "strategy" },
      { title: "nodes", align: "right" },
      { title: "own", align: "right" },
      { title: "cost", align: "right" },
    ],
    byStrategy.map(({ strategy, nodes: count, own, cost }) => [strategy, String(count), String(own), cost.toFixed(2)]),
    palette,
  );
  const table = await renderTable(
    [{ title: "shared node" }, { title: "type" }, { title: "strategies" }],
    shared.map(({ name, type, strategies }) => [name, type, strategies.join(", ")]),
    palette,
  );
  return [`${nodes} nodes, computed as ${distinct}`, "", costs, ...(shared.length > 0 ? ["", table] : [])].join("\n");
}
