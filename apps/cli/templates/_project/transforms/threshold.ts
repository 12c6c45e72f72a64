import { ProcessingNode, type Node } from "qmtl";

/** 1 above `upper`, -1 below `lower`, 0 between: what `positionTarget` reads as long, short and "leave it". */
export function threshold(input: Node<"value">, limits: { readonly lower: number; readonly upper: number }) {
  return new ProcessingNode({
    name: "signal",
    input,
    params: { lower: limits.lower, upper: limits.upper },
    compute: ({ value }, { lower, upper }) => (value > upper ? 1 : value < lower ? -1 : 0),
  });
}
