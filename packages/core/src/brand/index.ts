declare const brand: unique symbol;

/** A primitive that cannot be confused with another of the same shape. Costs nothing at run time. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type NodeId = Branded<string, "NodeId">; // "blake3:" and 64 lowercase hex digits
export type EpochMs = number; // UTC milliseconds since 1970-01-01
export type IntervalMs = number; // positive whole milliseconds
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
