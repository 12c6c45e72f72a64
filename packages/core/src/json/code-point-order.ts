/**
 * Orders strings by code point, as the wire's sorted keys do. The default order of JavaScript compares UTF-16 code
 * units, which puts U+1F600 (a surrogate pair) before U+FF5E.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Puts texts into code-point order, in place. What is in order already, as nearly every list here is, is left alone. */
export function sortByCodePoint(texts: string[]): string[] {
  for (let index = 1; index < texts.length; index++) {
    if (compareCodePoints(texts[index - 1]!, texts[index]!) <= 0) continue;
    return texts.every(hasNoSurrogates) ? texts.sort() : texts.sort(compareCodePoints);
  }
  return texts;
}

// Without surrogates both orders are one, and the platform compares units by itself faster than with any function.
const surrogate = /[\ud800-\udfff]/;
const hasNoSurrogates = (text: string): boolean => !surrogate.test(text);

// Surrogates stand for code points above U+FFFF, so they go after the rest of the basic plane.
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
