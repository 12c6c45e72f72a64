import type { Ledger } from "./ledger.ts";
import type { AccountView, PositionView } from "./types.ts";

/** A live view: its fields always show the ledger as it is now, and reading them makes no objects. */
export function accountView(ledger: Ledger): AccountView {
  return new LedgerView(ledger);
}

// Classes, because the getters of object literals are other functions in every account: no call site would settle.
class LedgerView implements AccountView {
  readonly #ledger: Ledger;
  readonly #positions: readonly PositionView[];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#positions = ledger.instruments.map((_, instrument) => new LedgerPosition(ledger, instrument));
  }

  get currency(): string {
    return this.#ledger.currency;
  }
  get cash(): number {
    return this.#ledger.cash;
  }
  get equity(): number {
    return this.#ledger.equity;
  }
  get deposits(): number {
    return this.#ledger.deposits;
  }
  get realisedPnl(): number {
    return this.#ledger.realisedTotal;
  }
  get unrealisedPnl(): number {
    return this.#ledger.unrealised;
  }
  get feesPaid(): number {
    return this.#ledger.feesPaid;
  }
  position(instrument: number): PositionView {
    return this.#positions[instrument]!;
  }
}

class LedgerPosition implements PositionView {
  readonly instrument: number;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, instrument: number) {
    this.#ledger = ledger;
    this.instrument = instrument;
  }

  get quantity(): number {
    return this.#ledger.quantity[this.instrument]!;
  }
  get averagePrice(): number {
    return this.#ledger.averagePrice[this.instrument]!;
  }
  get markPrice(): number {
    return this.#ledger.mark[this.instrument]!;
  }
  get realisedPnl(): number {
    return this.#ledger.realised[this.instrument]!;
  }
  get unrealisedPnl(): number {
    const ledger = this.#ledger;
    return this.quantity === 0 ? 0 : ledger.value(this.instrument) - ledger.cost[this.instrument]!;
  }
}
