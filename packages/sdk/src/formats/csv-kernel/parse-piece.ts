import { readSync } from "node:fs";
import { textOf, type CsvKernel } from "./csv-kernel.ts";
import { pieceEnding, pieceSize, textCapacity } from "./memory-map.ts";

const newline = 10;
const lineGuess = 1_024; // what is read after a piece to find the end of its last line

/** Where the pieces of a file are: piece `n` has the lines that start in the `n`th `pieceSize` bytes from `start` on. */
export interface PieceSource {
  readonly fd: number;
  readonly start: number; // a line starts here
}

/** Reads a piece of a file into a slot and parses it. A file that cannot be read there is for the caller to find out. */
export function parsePiece(kernel: CsvKernel, slot: number, source: PieceSource, piece: number): void {
  let ending: number;
  try {
    ending = readPiece(kernel, slot, source, piece);
    kernel.parse(slot);
  } catch {
    ending = pieceEnding.failed;
  }
  kernel.set(slot, "piece", piece);
  kernel.set(slot, "ending", ending);
}

function readPiece(kernel: CsvKernel, slot: number, { fd, start }: PieceSource, piece: number): number {
  const { bytes } = kernel;
  const text = textOf(slot);
  // One byte before tells whether a line starts with the piece.
  const before = piece === 0 ? 0 : 1;
  const position = start + piece * pieceSize - before;
  const read = (from: number, to: number): number => {
    let at = from;
    for (let got = 1; got > 0 && at < to; at += got) got = readSync(fd, bytes, text + at, to - at, position + at);
    return at;
  };
  const lines = (from: number, to: number): void => {
    kernel.set(slot, "from", text + from);
    kernel.set(slot, "to", text + to);
    kernel.set(slot, "fileEnd", to - before);
  };
  const pieceEnd = pieceSize + before;
  let asked = pieceEnd + lineGuess;
  let length = read(0, asked);
  const find = (from: number): number => {
    const found = bytes.subarray(text + from, text + Math.max(from, length)).indexOf(newline);
    return found < 0 ? -1 : from + found;
  };
  const first = piece === 0 ? 0 : find(0) + 1;
  if (piece > 0 && (first === 0 || first >= pieceEnd)) {
    lines(0, 0);
    return length <= pieceEnd ? pieceEnding.last : pieceEnding.more;
  }
  let last = find(pieceEnd - 1);
  if (last < 0 && length === asked) {
    asked = textCapacity;
    length = read(length, asked);
    last = find(pieceEnd - 1);
  }
  if (last >= 0) {
    lines(first, last + 1);
    return length < asked && last + 1 === length ? pieceEnding.last : pieceEnding.more;
  }
  if (length === asked) return pieceEnding.failed;
  // The file ends here.
  if (length > first && bytes[text + length - 1] !== newline) bytes[text + length++] = newline;
  lines(first, Math.max(first, length));
  return pieceEnding.last;
}
