import { QmtlError } from "../errors/index.ts";
import { shown } from "../time/index.ts";

/**
 * Checks one field of a text whose fields are joined by separators: control characters, lone surrogates and the
 * characters in `separators` are refused, so that the joined text can be taken apart in one way only.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function joinedField(value: string, name: string, separators: "|" | "|," | "#" | ""): string {
  if (typeof value !== "string") return refuse(value, name, "text");
  if (plain.test(value)) return value;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 0x20 && unit < 0x7f) {
      if (unit === 0x7c && separators.startsWith("|")) return refuse(value, name, 'text without "|"');
      if (unit === 0x2c && separators === "|,") return refuse(value, name, 'text without ","');
      if (unit === 0x23 && separators === "#") return refuse(value, name, 'text without "#"');
    } else if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) {
      return refuse(value, name, "text without control characters");
    } else if (unit >= 0xd800 && unit <= 0xdfff && !value.isWellFormed()) {
      return refuse(value.toWellFormed(), name, "text with surrogates in pairs");
    }
  }
  return value;
}

// What nearly every field is made of, for which one look is enough: printable ASCII without any separator.
const plain = /^[ !"$-+\--{}~]*$/;

function refuse(value: unknown, name: string, expected: string): never {
  throw new QmtlError("VALUE_NOT_HASHABLE", `${name} must be ${expected}; found ${shown(value)}`, {
    details: { field: name, expected, found: shown(value) },
  });
}
