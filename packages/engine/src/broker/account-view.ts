import type { Ledger } from "./ledger.ts";
import type { AccountView, PositionView } from "./types.ts";

/** A live view: its fields always show the ledger as it is now, and reading them makes no objects. */
export function accountView(ledger: Ledger): AccountView {
  const positions = ledger.instruments.map((_, instrument) => positionView(ledger, instrument));
  return {
    currency: ledger.currency,
    get cash() {
      return ledger.cash;
    },
    get equity() {
      return ledger.equity;
    },
    get deposits() {
      return ledger.deposits;
    },
    get realisedPnl() {
      return ledger.realisedTotal;
    },
    get unrealisedPnl() {
      return ledger.unrealised;
    },
    get feesPaid() {
      return ledger.feesPaid;
    },
    position: (instrument) => positions[instrument]!,
  };
}

function positionView(ledger: Ledger, instrument: number): PositionView {
  return {
    instrument,
    get quantity() {
      return ledger.quantity[instrument]!;
    },
    get averagePrice() {
      return ledger.averagePrice[instrument]!;
    },
    get markPrice() {
      return ledger.mark[instrument]!;
    },
    get realisedPnl() {
      return ledger.realised[instrument]!;
    },
    get unrealisedPnl() {
      return ledger.quantity[instrument] === 0 ? 0 : ledger.value(instrument) - ledger.cost[instrument]!;
    },
  };
}
