import type { EpochMs } from "@qmtl/core";
import type { Funds } from "./funds.ts";
import type { Ledger } from "./ledger.ts";

/**
 * What the orders of one moment would leave of the settled cash, were each filled at its price when it is sent. What an
 * order takes counts for those after it, also when it was refused: money that it lacked, they lack too.
 */
export class SubmitCheck {
  readonly #ledger: Ledger;
  readonly #funds: Funds;
  #timeMs: EpochMs = NaN;
  #cash = NaN;

  constructor(ledger: Ledger, funds: Funds) {
    this.#ledger = ledger;
    this.#funds = funds;
  }

  /** Whether cash is left after one more order. @param signed - units, below 0 a sale */
  canPay(instrument: number, signed: number, price: number, nowMs: EpochMs): boolean {
    const ledger = this.#ledger;
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#cash = ledger.cash - ledger.unsettledCash;
    }
    const fee = this.#funds.feeFor(instrument, Math.abs(signed), price, false);
    this.#cash -= (signed * price * ledger.multiplier[instrument]! + fee) * ledger.rate[instrument]!;
    return this.#cash >= 0;
  }
}
