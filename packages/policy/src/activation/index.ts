export {
  activationKey,
  activationOf,
  activationStateHash,
  activationTable,
  type ActivationEntry,
  type ActivationKey,
  type ActivationSide,
  type ActivationTable,
} from "./activation-table.ts";
export { effectiveModeOf, isEffectiveMode, lowerMode, type EffectiveMode } from "./effective-mode.ts";
