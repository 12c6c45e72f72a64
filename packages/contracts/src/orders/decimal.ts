import { Type } from "typebox";

/**
 * A price, size or amount. We write decimal text (`"0.10"`), which keeps the tick grid exact; finite JSON numbers are
 * read too, because other clients send them.
 */
export const Decimal = Type.Union([Type.Number(), Type.String({ pattern: "^-?[0-9]+(\\.[0-9]+)?$" })]);

/** A decimal above zero. */
export const PositiveDecimal = Type.Union([
  Type.Number({ exclusiveMinimum: 0 }),
  Type.String({ pattern: "^(?=.*[1-9])[0-9]+(\\.[0-9]+)?$" }),
]);

/** A decimal from zero. */
export const NonNegativeDecimal = Type.Union([
  Type.Number({ minimum: 0 }),
  Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?$" }),
]);

/** Milliseconds since 1970-01-01 UTC. */
export const EpochMilliseconds = Type.Integer();

export const Identifier = Type.String({ minLength: 1 });
