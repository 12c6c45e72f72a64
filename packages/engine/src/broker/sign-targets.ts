import type { SignTargets } from "./types.ts";

/** The target that a value, not NaN, stands for; NaN: none. Without `targets` it is its own. */
export function targetOf(value: number, targets: SignTargets | undefined): number {
  return targets === undefined ? value : value > 0 ? targets.above : value < 0 ? targets.below : targets.atZero;
}
