import { describe, expect, it } from "vitest";
import { defineInstrument, type Instrument } from "./index.ts";

describe("an instrument", () => {
  it("has every default in place, the quote currency from its symbol", () => {
    expect(defineInstrument({ symbol: "BTC/USDT" })).toEqual({
      symbol: "BTC/USDT",
      venue: "SIM",
      quoteCurrency: "USDT",
      settlementCurrency: "USDT",
      tickSize: "0",
      lotSize: "0",
      notionalMin: "0",
      multiplier: 1,
      calendar: "24x7",
    });
    expect(defineInstrument({ symbol: "MSFT", settlementCurrency: undefined } as never).settlementCurrency).toBe("USD");
  });
  const refused: readonly [string, Partial<Instrument>, RegExp][] = [
    ["an empty symbol", { symbol: "" }, /symbol of an instrument must be a text; found ""/],
    ["a step that is no decimal", { tickSize: "1e-2" }, /tickSize must be decimal text such as "0.01"; found "1e-2"/],
    ["a negative multiplier", { multiplier: -1 }, /multiplier of an instrument must be a number > 0; found -1/],
    [
      "an unknown calendar",
      { calendar: "nyse" as never },
      /calendar of an instrument must be one of 24x7, weekdays, us_equity/,
    ],
    ["an unknown field", { lotsize: "1" } as never, /an instrument has no field "lotsize"/],
  ];
  for (const [name, fields, message] of refused) {
    it(`refuses ${name}`, () => expect(() => defineInstrument({ symbol: "X", ...fields })).toThrowError(message));
  }
});
