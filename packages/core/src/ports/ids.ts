/** Where identifiers come from that nothing determines: strategy ids, correlation ids, token ids. */
export interface Ids {
  /** A fresh UUID (version 4) as text. */
  next(): string;
}
