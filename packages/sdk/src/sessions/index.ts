export { SessionClock, usEquityHours, type MarketHours, type Session, type SessionSpan } from "./market-hours.ts";
export { TimingController, type TimingOptions, type TimingVerdict } from "./timing-controller.ts";
