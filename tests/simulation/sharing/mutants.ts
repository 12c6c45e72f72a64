/** Known ways to give a node two outputs, or none. */
export interface SharingMutant {
  /** The log takes rows under any token. */
  readonly noFence?: boolean;
  /** The log remembers the highest token as long as its process lives. */
  readonly forgetsFence?: boolean;
  /** Whoever takes a lease over gets the token of the one before. */
  readonly reusesTokens?: boolean;
  /** A row that is sent again is another row. */
  readonly doublesRows?: boolean;
  /** Whoever takes a node over begins with its next row. */
  readonly skipsCatchUp?: boolean;
  /** Two contents of one bucket pass without a word. */
  readonly hidesDivergence?: boolean;
}

export const sharingMutants: Readonly<Record<string, SharingMutant>> = {
  "the log takes rows of a writer that lost its right": { noFence: true },
  "a restart forgets who may write": { forgetsFence: true },
  "a lease that is taken over keeps its token": { reusesTokens: true },
  "a row that is sent twice is two rows": { doublesRows: true },
  "a takeover leaves out what the queue lacks": { skipsCatchUp: true },
  "two contents of one bucket pass without an alarm": { hidesDivergence: true },
};
