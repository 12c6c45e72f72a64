import { QmtlError } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import { defaultBrokerOptions, describeAssumptions, resolveBrokerOptions, type BrokerOptions } from "./index.ts";

function refusal(options: object): { message: string; hint: string | undefined } {
  try {
    resolveBrokerOptions(options as Partial<BrokerOptions>);
  } catch (error) {
    if (error instanceof QmtlError && error.code === "BROKER_OPTION_INVALID")
      return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("the options were accepted");
}

describe("broker options", () => {
  it("have every default in place and survive JSON", () => {
    expect(resolveBrokerOptions()).toEqual(defaultBrokerOptions);
    const given = resolveBrokerOptions({ semantics: "backtrader", fees: { kind: "percent", rate: 0.001 } });
    expect(JSON.parse(JSON.stringify(given))).toEqual(given);
    expect(Object.keys(given).sort()).toEqual(Object.keys(defaultBrokerOptions).sort());
    expect(resolveBrokerOptions(given)).toEqual(given);
  });
  it("let a given key win over the profile, and a missing one fall back to it", () => {
    expect(resolveBrokerOptions({ semantics: "vectorbt" })).toMatchObject({
      marketFill: "same_close",
      shorting: false,
    });
    expect(resolveBrokerOptions({ semantics: "vectorbt", shorting: true }).shorting).toBe(true);
    expect(resolveBrokerOptions({ account: "cash" }).shorting).toBe(false);
    expect(resolveBrokerOptions({ semantics: "backtrader" }).shorting).toBe(true);
  });
  const refused: readonly [string, object, string, string?][] = [
    ["an unknown key", { slipage: 1 }, 'broker option "slipage" is unknown', 'did you mean "slippage"?'],
    ["an unknown word", { marketFill: "next_opne" }, 'found "next_opne"', 'did you mean "next_open"?'],
    ["an unknown profile", { semantics: "vectorbot" }, 'found "vectorbot"', 'did you mean "vectorbt"?'],
    ["negative cash", { cash: -1 }, "cash must be a number above 0; found -1"],
    ["no cash", { cash: 0 }, "cash must be a number above 0; found 0"],
    ["NaN", { cash: NaN }, "found NaN"],
    ["text for a number", { latencyMs: "5" }, 'latencyMs must be milliseconds >= 0; found "5"'],
    ["a share above 1", { volumeShareMax: 1.5 }, "volumeShareMax must be a share above 0"],
    ["an unknown fee", { fees: { kind: "procent", rate: 1 } }, "fees.kind must be one of", 'did you mean "percent"?'],
    ["a fee without its rate", { fees: { kind: "percent" } }, "fees.rate must be given"],
    [
      "an unknown fee field",
      { fees: { kind: "percent", rate: 0, minimun: 1 } },
      '"minimun" is unknown',
      'did you mean "minimum"?',
    ],
    ["a bad part", { fees: { kind: "composite", parts: [{ kind: "fixed", amount: -1 }] } }, "fees.parts[0].amount"],
    [
      "tiers out of order",
      {
        fees: {
          kind: "tiered",
          by: "notional",
          tiers: [
            { upTo: 9, rate: 0 },
            { upTo: 5, rate: 0 },
          ],
        },
      },
      "fees.tiers[1].upTo",
    ],
    ["half a tick", { slippage: { kind: "ticks", ticks: 0.5 } }, "slippage.ticks must be whole ticks"],
    ["a maintenance above the initial margin", { initialMargin: 0.1, maintenanceMargin: 0.2 }, "at most initialMargin"],
    [
      "a split of 0",
      { corporateActions: [{ kind: "split", symbol: "X", timeMs: 0, ratio: 0 }] },
      "corporateActions[0].ratio",
    ],
    ["an event without a time", { funding: [{ symbol: "X", rate: 1 }] }, "funding[0].timeMs must be a number"],
    ["two default sizes", { defaultSize: { quantity: 1, percent: 1 } }, "one of quantity and percent"],
    ["a rate of 0", { fxRates: { EUR: 0 } }, "fxRates.EUR must be a rate > 0; found 0"],
  ];
  for (const [name, options, message, hint] of refused) {
    it(`refuse ${name}`, () => {
      const found = refusal(options);
      expect(found.message).toContain(message);
      if (hint !== undefined) expect(found.hint).toBe(hint);
    });
  }
});

describe("assumptions in words", () => {
  it("name what a run takes for granted", () => {
    const lines = new Map(describeAssumptions(resolveBrokerOptions()).map((each) => [each.name, each.value]));
    expect(lines.get("market orders")).toBe("fill at the open of the next bar");
    expect(lines.get("inside a bar")).toBe("the worse of open-high-low-close and open-low-high-close");
    expect(lines.get("fees")).toBe("none");
    expect(lines.get("account")).toBe(
      "margin account, no leverage, short positions allowed, liquidated below 0 % equity per exposure",
    );
  });
  it("follow the options", () => {
    const lines = new Map(
      describeAssumptions(
        resolveBrokerOptions({
          fees: {
            kind: "composite",
            parts: [
              { kind: "percent", rate: 0.0007, minimum: 1 },
              { kind: "fixed", amount: 2 },
            ],
          },
          slippage: { kind: "spread", spread: 0.0004 },
          volumeShareMax: 0.1,
          latencyBars: 2,
          borrowRate: 0.03,
          settlementDays: 2,
          stopLimitGap: "stop",
          rebalance: "every_bar",
        }),
      ).map((each) => [each.name, each.value]),
    );
    expect(lines.get("fees")).toBe("0.07 % of notional, at least 1 plus 2 per fill");
    expect(lines.get("slippage")).toBe("50 % of a spread of 0.04 %");
    expect(lines.get("volume")).toBe("at most 10 % of a bar's volume");
    expect(lines.get("latency")).toBe("0 ms and 2 bars");
    expect(lines.get("short borrow")).toBe("3 % a year");
    expect(lines.get("settlement")).toBe("trade day + 2");
    expect(lines.get("stop-limit orders")).toBe("a gap through the stop fills at the stop");
    expect(lines.get("repeated targets")).toBe("rebalance every time");
  });
});
