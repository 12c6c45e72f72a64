import { QmtlError, shown, type JsonValue } from "@qmtl/core";

/** Whether a symbol may trade, and with how much weight. */
export interface ActivationEntry {
  readonly enabled: boolean;
  readonly reason?: string;
  /** Scales sizes; clamped to [0, 1]. Default 1. */
  readonly weight?: number;
  /** Narrower words per side: buying is long, selling is short. */
  readonly long?: SideActivation;
  readonly short?: SideActivation;
}

export interface SideActivation {
  readonly active: boolean;
  readonly weight?: number;
  /** Either stops this side; the other side is not touched. */
  readonly freeze?: boolean;
  readonly drain?: boolean;
}

/** By symbol. What it does not name may not trade. */
export type ActivationMap = Readonly<Record<string, ActivationEntry>>;

export type GateVerdict =
  | { readonly allowed: true; readonly weight: number }
  | {
      readonly allowed: false;
      readonly code: "activation_unknown" | "activation_disabled";
      readonly detail: string;
    };

/** The order gate: deny by default. Without a map there is nothing to ask, and everything may pass. */
export function gateOrder(map: ActivationMap | undefined, symbol: string, side: "BUY" | "SELL"): GateVerdict {
  if (map === undefined) return { allowed: true, weight: 1 };
  const entry = Object.hasOwn(map, symbol) ? map[symbol] : undefined;
  if (entry === undefined) return { allowed: false, code: "activation_unknown", detail: `no activation for ${symbol}` };
  const disabled = (detail: string) => ({ allowed: false, code: "activation_disabled", detail }) as const;
  if (!entry.enabled) return disabled(entry.reason ?? `${symbol} is disabled`);
  const sideWord = side === "BUY" ? "long" : "short";
  const own = entry[sideWord];
  if (own?.freeze === true) return disabled(`${symbol} is frozen on the ${sideWord} side`);
  if (own?.drain === true) return disabled(`${symbol} drains on the ${sideWord} side`);
  if (own?.active === false) return disabled(`${symbol} is not active on the ${sideWord} side`);
  return { allowed: true, weight: clampWeight(own?.weight ?? entry.weight ?? 1) };
}

/** A weight that is no number counts as 0: what cannot be read must not trade. */
export function clampWeight(weight: number): number {
  return weight >= 0 ? Math.min(weight, 1) : 0;
}

/** The map as JSON for a node's identity. @throws QmtlError `PARAMETER_INVALID` */
export function checkActivation(map: ActivationMap | undefined): JsonValue {
  if (map === undefined) return null;
  for (const [symbol, entry] of Object.entries(map)) {
    if (typeof entry?.enabled !== "boolean") {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `activation of "${symbol}" must be { enabled: boolean, … }; found ${shown(entry)}`,
      );
    }
    for (const [where, weight] of [
      ["", entry.weight],
      ["long.", entry.long?.weight],
      ["short.", entry.short?.weight],
    ] as const) {
      if (weight === undefined || Number.isFinite(weight)) continue;
      throw new QmtlError(
        "PARAMETER_INVALID",
        `${where}weight of "${symbol}" must be a finite number; found ${shown(weight)}`,
      );
    }
  }
  return structuredClone(map) as unknown as JsonValue;
}
