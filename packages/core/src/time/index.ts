export { formatInstant, parseInstant, parseIsoMs } from "./instant.ts";
export { bucketStart, formatInterval, parseInterval, parsePeriod, shown } from "./interval.ts";
