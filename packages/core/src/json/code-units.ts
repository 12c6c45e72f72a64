import { utf8Into } from "./utf8.ts";

/** Stands for every code unit above ASCII. */
export const beyondAscii = 0xff;

const keptMax = 4 << 20;
let kept = new Uint8Array(0);

/**
 * A byte for every code unit of a text, and a 0 behind the last: a look at a byte takes a fraction of the time that a look
 * into a string takes. The answer is good until the next call.
 */
export function codeUnitsOf(text: string): Uint8Array {
  const units = text.length < kept.length ? kept : new Uint8Array(text.length + 1);
  if (units.length <= keptMax) kept = units;
  const { read, written } = utf8Into(text, units);
  // Text beyond ASCII has more bytes than units.
  if (read !== text.length || written !== text.length) {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      units[at] = unit < 0x80 ? unit : beyondAscii;
    }
  }
  units[text.length] = 0;
  return units;
}
