import { QmtlError, shown } from "@qmtl/core";
import type { OperatorDefinition, OperatorParams } from "@qmtl/engine/operator";
import type { Node, ScalarInput } from "./node.ts";
import { columnsOperator, type OperatorNode, type OperatorNodeOptions } from "./operator-node.ts";

/**
 * Factory of an operator over the levels of an order book: `depthNode(book, { levels: 5 })` reads the fields
 * `bid_size_0` … `ask_size_4` of one node. The definition depends on the number of levels.
 */
export function bookOperator<P extends OperatorParams, Out extends string>(
  define: (levels?: number) => OperatorDefinition<P, string, Out>,
) {
  return (
    book: Node | Readonly<Record<string, ScalarInput>>,
    params: Readonly<Record<string, unknown>> & OperatorNodeOptions & { readonly levels?: number } = {},
  ): OperatorNode<Out> => {
    const { levels } = params;
    if (levels !== undefined && !(Number.isInteger(levels) && levels >= 1 && levels <= 100)) {
      throw new QmtlError("PARAMETER_INVALID", `levels must be a whole number from 1 to 100; found ${shown(levels)}`);
    }
    return columnsOperator(define(levels))(book, params as never);
  };
}
