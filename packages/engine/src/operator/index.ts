export type { AnyOperator, Kernel, OperatorDefinition, OperatorParams } from "./operator.ts";
