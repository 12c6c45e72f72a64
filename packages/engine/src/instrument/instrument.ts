/**
 * What is traded. Steps are decimal text ("0.01") so that snapping is exact; "0" switches a rule off.
 * Prices are in `quoteCurrency` per unit, times `multiplier` for money.
 */
export interface Instrument {
  readonly symbol: string;
  readonly venue: string;
  readonly quoteCurrency: string;
  readonly settlementCurrency: string;
  /** Smallest price step, decimal text; "0": any price. */
  readonly tickSize: string;
  /** Smallest quantity step, decimal text; "0": any quantity (fractional). */
  readonly lotSize: string;
  /** Smallest `price * quantity * multiplier` of an order, decimal text; "0": none. */
  readonly notionalMin: string;
  /** Money per unit of price per unit of quantity (contracts); 1 for spot. */
  readonly multiplier: number;
  /** Trading calendar: decides annualisation, sessions and settlement days. */
  readonly calendar: "24x7" | "weekdays" | "us_equity";
}

export function defineInstrument(fields: Partial<Instrument> & { readonly symbol: string }): Instrument {
  const quoteCurrency = fields.quoteCurrency ?? fields.symbol.split("/")[1] ?? "USD";
  return {
    venue: "SIM",
    quoteCurrency,
    settlementCurrency: fields.settlementCurrency ?? quoteCurrency,
    tickSize: "0",
    lotSize: "0",
    notionalMin: "0",
    multiplier: 1,
    calendar: "24x7",
    ...fields,
  };
}
