import { fail, failUnknown, list, number, oneOf, record } from "./option-checks.ts";

/**
 * What a fill costs, in quote currency, worked out on the quantity that filled. `minimum` and `maximum` bound the fee
 * of one fill. Rates are fractions of notional (`price * quantity * multiplier`): 0.001 is 10 basis points.
 */
export type FeeModel =
  | { readonly kind: "none" }
  | { readonly kind: "percent"; readonly rate: number; readonly minimum?: number; readonly maximum?: number }
  | { readonly kind: "fixed"; readonly amount: number }
  | { readonly kind: "per_unit"; readonly amount: number; readonly minimum?: number; readonly maximum?: number }
  | {
      readonly kind: "maker_taker";
      readonly maker: number; // negative: a rebate
      readonly taker: number;
      readonly minimum?: number;
    }
  | {
      /** The rate of the first tier whose `upTo` is not below the measure; the last tier beyond all. */
      readonly kind: "tiered";
      /** "notional": of the fill. "volume": notional traded in the run before the fill. */
      readonly by: "notional" | "volume";
      readonly tiers: readonly { readonly upTo: number; readonly rate: number }[];
      readonly minimum?: number;
    }
  | { readonly kind: "composite"; readonly parts: readonly FeeModel[] };

/** Fee of one fill, quote currency. `traded` is the notional of all earlier fills of the run. */
export function feeOf(model: FeeModel, quantity: number, notional: number, maker: boolean, traded: number): number {
  switch (model.kind) {
    case "none":
      return 0;
    case "percent":
      return bounded(notional * model.rate, model.minimum, model.maximum);
    case "fixed":
      return model.amount;
    case "per_unit":
      return bounded(quantity * model.amount, model.minimum, model.maximum);
    case "maker_taker":
      return bounded(notional * (maker ? model.maker : model.taker), model.minimum, undefined);
    case "tiered": {
      const measure = model.by === "notional" ? notional : traded;
      const tier = model.tiers.find((each) => measure <= each.upTo) ?? model.tiers[model.tiers.length - 1]!;
      return bounded(notional * tier.rate, model.minimum, undefined);
    }
    case "composite": {
      let sum = 0;
      for (const part of model.parts) sum += feeOf(part, quantity, notional, maker, traded);
      return sum;
    }
  }
}

const fieldsOf: Readonly<
  Record<FeeModel["kind"], { readonly needed: readonly string[]; readonly optional: readonly string[] }>
> = {
  none: { needed: [], optional: [] },
  percent: { needed: ["rate"], optional: ["minimum", "maximum"] },
  fixed: { needed: ["amount"], optional: [] },
  per_unit: { needed: ["amount"], optional: ["minimum", "maximum"] },
  maker_taker: { needed: ["maker", "taker"], optional: ["minimum"] },
  tiered: { needed: ["by", "tiers"], optional: ["minimum"] },
  composite: { needed: ["parts"], optional: [] },
};

/** @throws QmtlError `BROKER_OPTION_INVALID` */
export function resolveFees(value: unknown, key = "fees"): FeeModel {
  const fields = record(value, key);
  oneOf(...Object.keys(fieldsOf))(fields["kind"], `${key}.kind`);
  const kind = fields["kind"] as FeeModel["kind"];
  const { needed, optional } = fieldsOf[kind];
  const known = ["kind", ...needed, ...optional];
  for (const name of Object.keys(fields))
    if (!known.includes(name)) failUnknown(name, known, `${key} of kind "${kind}"`);
  for (const name of needed) if (fields[name] === undefined) fail(`${key}.${name}`, "given", undefined);
  for (const name of ["rate", "amount", "taker", "minimum", "maximum"]) {
    if (fields[name] !== undefined) number((each) => each >= 0, "a number >= 0")(fields[name], `${key}.${name}`);
  }
  if (kind === "maker_taker") number((each) => each > -1, "a number")(fields["maker"], `${key}.maker`);
  if (kind === "composite") {
    return {
      kind,
      parts: list(fields["parts"], `${key}.parts`).map((part, index) => resolveFees(part, `${key}.parts[${index}]`)),
    };
  }
  if (kind === "tiered") checkTiers(fields, key);
  return value as FeeModel;
}

function checkTiers(fields: Readonly<Record<string, unknown>>, key: string): void {
  oneOf("notional", "volume")(fields["by"], `${key}.by`);
  const tiers = list(fields["tiers"], `${key}.tiers`);
  if (tiers.length === 0) fail(`${key}.tiers`, "at least one tier", tiers);
  let before = -Infinity;
  for (const [index, each] of tiers.entries()) {
    const tier = record(each, `${key}.tiers[${index}]`);
    number((rate) => rate >= 0, "a number >= 0")(tier["rate"], `${key}.tiers[${index}].rate`);
    number((upTo) => upTo > before, "above the tier before")(tier["upTo"], `${key}.tiers[${index}].upTo`);
    before = tier["upTo"] as number;
  }
}

function bounded(fee: number, minimum: number | undefined, maximum: number | undefined): number {
  if (minimum !== undefined && fee < minimum) return minimum;
  if (maximum !== undefined && fee > maximum) return maximum;
  return fee;
}
