export interface HttpLimits {
  /** Of a body, as it came and unpacked; a route may set its own with `bodyLimit`. */
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  /** How long a client may take over one request's head and body. */
  readonly requestMsMax: number;
  readonly connectionsMax: number;
  /** Requests one principal may make per second in the long run, and at once. */
  readonly requestsPerSecond: number;
  readonly requestsAtOnce: number;
  /** The same for routes that only take risk away (`rate: "reserved"`): they have a budget of their own. */
  readonly reservedPerSecond: number;
  readonly reservedAtOnce: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyBytesMax: 1_048_576,
  headerBytesMax: 32_768,
  requestMsMax: 30_000,
  connectionsMax: 10_000,
  requestsPerSecond: 5_000,
  requestsAtOnce: 10_000,
  reservedPerSecond: 500,
  reservedAtOnce: 1_000,
};
