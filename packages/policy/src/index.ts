export {
  activationKey,
  activationOf,
  activationStateHash,
  activationTable,
  effectiveModeOf,
  isEffectiveMode,
  lowerMode,
  type ActivationEntry,
  type ActivationKey,
  type ActivationSide,
  type ActivationTable,
  type EffectiveMode,
} from "./activation/index.ts";
