import { graph } from "../commands/strategy-files.ts";
import { renderTable } from "../shell/index.ts";
import { dotText, graphNodes, mermaidText, tableRows } from "./graph-drawing.ts";
import { loadStrategy } from "./strategy-module.ts";

export const command = graph(async (request, { palette }) => {
  const { prepareRun } = await import("@qmtl/sdk/runner");
  const { strategy, backtest } = await loadStrategy(request);
  const [prepared] = prepareRun([strategy], backtest.params).graphs;
  const nodes = graphNodes(prepared!);
  const columns = [{ title: "node" }, { title: "kind" }, { title: "interval" }, { title: "reads" }, { title: "id" }];
  return {
    exitCode: 0,
    json: { strategy: strategy.name, nodes },
    text: () => {
      if (request.format === "mermaid") return mermaidText(nodes);
      if (request.format === "dot") return dotText(nodes, strategy.name);
      return renderTable(columns, tableRows(nodes), palette);
    },
  };
});
