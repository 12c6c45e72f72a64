import { dagHash, QmtlError, readJson, sortedAsciiJson, type WireValue } from "@qmtl/core";
import { writeFile } from "node:fs/promises";
import { dagManagerSnapshot } from "../commands/dag-manager.ts";
import { readText } from "./read-text.ts";

export const command = dagManagerSnapshot(async ({ file, snapshot, mode }) => {
  const dag = readJson(await readText(file), file);
  const hash = dagHash(dag);
  if (mode === "verify") return verified(hash, readJson(await readText(snapshot), snapshot), snapshot);
  if (mode === "freeze") await write(snapshot, `${indented(sortedAsciiJson({ dag, dag_hash: hash }))}\n`);
  return { exitCode: 0, json: { dag_hash: hash, ...(mode === "freeze" && { snapshot }) }, text: () => hash };
});

function verified(hash: string, frozen: WireValue, snapshot: string) {
  const expected = (frozen as { readonly dag_hash?: unknown } | null)?.dag_hash;
  const isSame = expected === hash;
  return {
    exitCode: isSame ? 0 : 1,
    json: { ok: isSame, dag_hash: hash, snapshot, frozen_hash: expected ?? null },
    text: () =>
      isSame ? "Snapshot OK" : `Snapshot mismatch: the DAG has ${hash}, ${snapshot} has ${String(expected)}`,
  } as const;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new QmtlError("FILE_UNWRITABLE", `${file} cannot be written`, { cause, details: { file } });
  }
}

/** Canonical JSON with line breaks: read again and printed, `1.0` would come out as `1`. */
function indented(json: string): string {
  let depth = 0;
  return json.replace(/"(?:[^"\\]|\\.)*"|[[{](?=[\]}])[\]}]|[[{]|[\]}]|, /g, (token) => {
    const line = (by: number): string => `\n${"  ".repeat((depth += by))}`;
    if (token === "{" || token === "[") return token + line(1);
    if (token === "}" || token === "]") return line(-1) + token;
    return token === ", " ? `,${line(0)}` : token;
  });
}
