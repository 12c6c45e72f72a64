export {
  readSide,
  volatilityScaledBarrierSpec,
  type BarrierSpec,
  type HorizonSpec,
  type Side,
  type VolatilityBarrierOptions,
} from "./barriers.ts";
export { estimateHalfLife } from "./half-life.ts";
export {
  compositeHorizon,
  eventCountHorizon,
  halfLifeHorizon,
  type HalfLifeHorizonOptions,
  type HorizonContext,
  type HorizonResolver,
} from "./horizon.ts";
export {
  fixedBpsCostModel,
  nullCostModel,
  type CostEstimate,
  type CostQuery,
  type LabelCostModel,
} from "./label-cost.ts";
export { metaLabel, type MetaLabel } from "./meta-label.ts";
export {
  TripleBarrierLabeler,
  touchedBarrier,
  tripleBarrierLabels,
  type LabelOutcome,
  type PriceObservation,
  type TripleBarrierEntry,
  type TripleBarrierLabel,
  type TripleBarrierOptions,
} from "./triple-barrier.ts";
