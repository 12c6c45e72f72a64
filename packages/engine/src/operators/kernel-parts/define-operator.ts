import type { OperatorDefinition, OperatorParams } from "../../operator/index.ts";

/** Types a definition from what it says: parameter, input and output names are inferred, not repeated. */
export function defineOperator<Params extends OperatorParams, const In extends string, const Out extends string>(
  definition: OperatorDefinition<Params, In, Out>,
): OperatorDefinition<Params, In, Out> {
  return definition;
}
