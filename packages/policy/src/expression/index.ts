export { evaluate, type Evaluated, type Scope } from "./evaluate.ts";
export { parseExpression, type Expression } from "./expression.ts";
