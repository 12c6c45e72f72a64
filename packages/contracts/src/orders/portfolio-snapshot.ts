import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { Decimal, EpochMilliseconds, Identifier, NonNegativeDecimal } from "./decimal.ts";

/** Cash and positions of a world, or of one strategy in it, on the compacted topic `trade.portfolio`. */
export type PortfolioSnapshot = Static<typeof PortfolioSnapshot>;
export const PortfolioSnapshot = Type.Object({
  world_id: Identifier,
  as_of: EpochMilliseconds,
  cash: Decimal,
  positions: Type.Record(
    Type.String(), // symbol
    Type.Object({ qty: Decimal /* negative is short */, avg_cost: Decimal, mark: Decimal }),
  ),
  strategy_id: Type.Optional(Identifier),
  metrics: Type.Optional(
    Type.Object({ exposure: Type.Optional(Decimal), leverage: Type.Optional(NonNegativeDecimal) }),
  ),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkPortfolioSnapshot = shapeCheck(PortfolioSnapshot, "the portfolio snapshot");
