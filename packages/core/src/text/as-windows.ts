/**
 * Equal texts, each a window onto one text of them all. Thousands that live and die together are then one piece of memory
 * to the garbage collector, which otherwise copies them one by one. The whole text stays as long as any of them.
 */
export function asWindows(texts: readonly string[]): string[] {
  const all = texts.join("");
  let end = 0;
  return texts.map(({ length }) => all.slice(end, (end += length)));
}
