/** How a column is read: not at all, as the time, as numbers, or as whatever its first value turns out to be. */
export const columnKind = { skip: 0, time: 1, number: 2, undecided: 3 } as const;

const columnCountMax = 512;

/** Bytes of a file that a thread takes at a time, and the lines that start in them. */
export const pieceSize = 256 << 10;

/** Bytes of text a slot holds: a piece and the rest of its last line. All of it stays in a core's own cache. */
export const textCapacity = pieceSize + (64 << 10);

/** What the kernel reads: where each table starts, in bytes. */
export const tables = {
  keep: 64, // 16 bytes per length up to 20: 0x8f in the last lanes, as many as the length
  closeGap: 512, // 16 bytes per lane, and one for none: the lanes without that one, moved up
  divisors: 1_024, // f64 per lane: 10 to the digits after it; 1 for none
  reciprocals: 1_280, // f64 per lane: one divided by that
  first: 1_408, // 4 bytes per length up to 19: 0xff in the last ones, as many as the length is above 16
  powersOfFive: 1_536, // per exponent 0 to -27 the upper and the lower half of 128 bits
  constants: 2_048, // vectors the kernel loads when it starts
  kinds: 2_560, // a byte per column
  separators: 4_096, // u32 positions that the kernel keeps for itself
} as const;

// Every byte may be a separator; the last round writes a few entries more.
const firstSlot = tables.separators + 4 * (textCapacity + 128);

/** What a slot holds, in bytes from its start: i32 numbers, then what the kernel reads and writes. */
export const slotMap = {
  state: 0, // see `slotState`
  piece: 4, // which piece of the file it holds
  ending: 8, // see `pieceEnding`
  from: 12, // address of the text's first line
  to: 16, // where its last line ends
  fileEnd: 20, // bytes from the start of the piece in the file to there
  rows: 24,
  flags: 28, // bits of `timeFlag` that its times have
  oddCount: 32,
  odd: 64, // per run of odd lines three i32: rows before it, where it starts, where it ends
  text: 64 + 3 * 4 * 1_024 + 64, // vectors are read before and after the text
  block: (64 + 3 * 4 * 1_024 + 64 + textCapacity + 128 + 63) & ~63,
} as const;

export const slotState = { free: 0, full: 1 } as const;

/** Whether the file goes on after a piece, ends with it, or could not be read or cut into lines there. */
export const pieceEnding = { more: 0, last: 1, failed: 2 } as const;

/** Runs of odd lines a slot has room for; the last one takes all the rest of the text. */
export const oddMax = 1_024;

export const timeFlag = { wall: 1, offset: 2 } as const;

// No row of `c` columns is shorter than `c` bytes; every column starts a few bytes later than the one before.
const slotSize = slotMap.block + 8 * textCapacity + (8 + 64) * columnCountMax;
export const slotCount = 4;
export const memoryPages = Math.ceil((firstSlot + slotCount * slotSize) / 65_536);

export function slotAddress(slot: number): number {
  return firstSlot + slot * slotSize;
}

/** Bytes from one column of a block to the next. */
export function columnStride(textBytes: number, columnCount: number): number {
  // Not a multiple of the page size: columns would push each other out of the cache.
  return (((Math.floor(textBytes / columnCount) + 1) * 8 + 63) & ~63) | 0;
}
