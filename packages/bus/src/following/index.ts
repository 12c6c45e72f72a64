export { Follower, type FollowerOptions, type Place } from "./follower.ts";
export { defaultRetry, pauseMs, type Retry } from "./retry.ts";
