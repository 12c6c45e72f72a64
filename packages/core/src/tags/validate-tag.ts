import { QmtlError } from "../errors/index.ts";
import { shown } from "../time/index.ts";

const tagLengthMax = 100;
const nameLengthMax = 200;

/**
 * Checks a tag: 1 to 100 ASCII letters, digits, `_`, `-`, `.`.
 *
 * @returns the tag without outer blanks
 * @throws QmtlError `TAG_INVALID`
 */
export function validateTag(tag: unknown): string {
  const text = typeof tag === "string" ? tag.trim() : "";
  if (text.length <= tagLengthMax && /^[A-Za-z0-9_.-]+$/.test(text)) return text;
  throw new QmtlError(
    "TAG_INVALID",
    `a tag must be 1 to ${tagLengthMax} letters, digits, "_", "-" or "."; found ${shown(tag)}`,
    { details: { found: shown(tag) }, hint: 'write for example "btc-usdt" or "price.close"' },
  );
}

/**
 * Checks the optional name of a node: 1 to 200 characters (code points), no control characters.
 *
 * @returns the name without outer blanks, or null when there is none
 * @throws QmtlError `NAME_INVALID`
 */
export function validateName(name: unknown): string | null {
  if (name === null || name === undefined) return null;
  const text = typeof name === "string" ? name.trim() : "";
  const length = Array.from(text).length; // code points
  if (length >= 1 && length <= nameLengthMax && text.isWellFormed() && !/\p{Cc}/u.test(text)) return text;
  throw new QmtlError(
    "NAME_INVALID",
    `a name must be text of 1 to ${nameLengthMax} characters without control characters; found ${shown(name)}`,
    { details: { found: shown(name) } },
  );
}
