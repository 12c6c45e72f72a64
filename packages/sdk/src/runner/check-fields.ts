import { QmtlError } from "@qmtl/core";
import type { StrategyGraph } from "../graph/build-graph.ts";
import { OperatorNode } from "../strategy/operator-node.ts";
import { SeriesNode } from "../strategy/series-node.ts";
import type { NodeOutputs } from "./assemble-result.ts";

/**
 * Which fields an author's function puts out, only the run tells. A reader of another one never had a value, and never
 * will.
 *
 * @throws QmtlError `FIELD_UNKNOWN`
 */
export function checkReadFields(graph: StrategyGraph, outputs: NodeOutputs): void {
  for (const { node, inputs } of graph.nodes) {
    if (!(node instanceof OperatorNode || node instanceof SeriesNode)) continue;
    node.refs.forEach(({ node: source, field }, index) => {
      if (source.fields !== undefined) return;
      const { numeric, payload } = outputs.columnsOf(inputs[index]!.id);
      if (numeric.has(field) || (numeric.size === 0 && payload === null)) return;
      const given = [...numeric.keys()];
      const what = given.length > 0 ? `the fields ${given.join(", ")}` : "no numbers";
      throw new QmtlError(
        "FIELD_UNKNOWN",
        `node "${node.name}" reads "${field}" of "${source.name}", which gives ${what}`,
        {
          ...(given.length > 0 && { hint: `name one: node.field(${JSON.stringify(given[0])})` }),
        },
      );
    });
  }
}
