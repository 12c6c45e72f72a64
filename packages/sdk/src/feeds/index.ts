export { BinanceFeed, type BinanceFeedOptions } from "./binance-feed.ts";
export { RecordedFeed, type RecordedFeedOptions } from "./recorded-feed.ts";
export { ReplayFeed, type ReplayFeedOptions } from "./replay-feed.ts";
export type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "./types.ts";
