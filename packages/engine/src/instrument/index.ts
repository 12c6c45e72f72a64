export { defineInstrument, type Instrument } from "./instrument.ts";
export { isTradingDay, sessionEndAfter, sessionStartAtOrAfter, tradingDaysLater, type Calendar } from "./calendar.ts";
