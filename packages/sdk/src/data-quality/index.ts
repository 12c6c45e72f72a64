export { isTradingDay, tradingBuckets, tradingCalendars, type TradingCalendar } from "./calendar.ts";
export { inferCalendar, inferInterval, type CalendarGuess } from "./infer.ts";
export { qualityRules, type Finding, type FindingPlace, type QualityRule } from "./finding.ts";
export { checkFrame, inspectRows, refuseErrors, type CheckOptions, type LoadedFrame } from "./inspect-rows.ts";
export { isUsHoliday, usEquitySession } from "./us-equity.ts";
