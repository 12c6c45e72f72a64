import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { StepGrid } from "../money/index.ts";

/**
 * What is traded. Steps are decimal text ("0.01") so that snapping is exact; "0" switches a rule off.
 * Prices are in `quoteCurrency` per unit, times `multiplier` for money.
 */
export interface Instrument {
  readonly symbol: string;
  readonly venue: string;
  readonly quoteCurrency: string;
  /** What the venue pays in; the account converts every flow from `quoteCurrency` at the rate of its moment. */
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

/**
 * An instrument with every default in place: any price, any quantity, one unit of money per unit of price, open around
 * the clock. "BTC/USDT" is quoted in USDT; a symbol without a slash in USD.
 *
 * @throws QmtlError `INSTRUMENT_INVALID` naming the field, what was expected and what was found
 */
export function defineInstrument(fields: Partial<Instrument> & { readonly symbol: string }): Instrument {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const quoteCurrency = fields.quoteCurrency ?? fields.symbol.split("/")[1] ?? "USD";
  const instrument: Instrument = {
    symbol: fields.symbol,
    venue: "SIM",
    quoteCurrency,
    settlementCurrency: quoteCurrency,
    tickSize: "0",
    lotSize: "0",
    notionalMin: "0",
    multiplier: 1,
    calendar: "24x7",
    ...given,
  };
  for (const name of Object.keys(given)) {
    if (fieldNames.includes(name)) continue;
    const near = nearestWord(name, fieldNames);
    throw new QmtlError("INSTRUMENT_INVALID", `an instrument has no field ${shown(name)}`, {
      details: { field: name, known: fieldNames },
      hint: near === undefined ? `known: ${fieldNames.join(", ")}` : `did you mean ${shown(near)}?`,
    });
  }
  for (const name of ["symbol", "venue", "quoteCurrency", "settlementCurrency"] as const) {
    if (typeof instrument[name] !== "string" || instrument[name] === "") invalid(name, "a text", instrument[name]);
  }
  for (const name of ["tickSize", "lotSize", "notionalMin"] as const) new StepGrid(instrument[name], name);
  if (!(instrument.multiplier > 0 && instrument.multiplier < Infinity)) {
    invalid("multiplier", "a number > 0", instrument.multiplier);
  }
  if (!calendars.includes(instrument.calendar))
    invalid("calendar", `one of ${calendars.join(", ")}`, instrument.calendar);
  return instrument;
}

const calendars: readonly string[] = ["24x7", "weekdays", "us_equity"] satisfies readonly Instrument["calendar"][];
const fieldNames: readonly string[] = [
  "symbol",
  "venue",
  "quoteCurrency",
  "settlementCurrency",
  "tickSize",
  "lotSize",
  "notionalMin",
  "multiplier",
  "calendar",
] satisfies readonly (keyof Instrument)[];

function invalid(field: string, expected: string, found: unknown): never {
  throw new QmtlError("INSTRUMENT_INVALID", `${field} of an instrument must be ${expected}; found ${shown(found)}`, {
    details: { field, expected, found: shown(found) },
  });
}
