export { playExchange, readRecordedTrades, type PlayedExchange, type PlayedTrade } from "./play-exchange.ts";
