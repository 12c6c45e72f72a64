// Builds the published package into dist/: bundles, declarations, templates, sample data, notices.

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { copyAssets } from "./build/assets.ts";
import { bundle } from "./build/bundle.ts";
import { writeDeclarations } from "./build/declarations.ts";
import { commandEntry, entryPoints } from "./build/entry-points.ts";
import { thirdPartyNotices } from "./build/notices.ts";
import { inRepository } from "./build/repository.ts";

const startedMs = performance.now();
await rm(inRepository("dist"), { recursive: true, force: true });

// An entry point whose folder is still to be written is left out, and said so.
const present = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => existsSync(inRepository(file))));
const absent = Object.keys(entryPoints).filter((name) => !(name in present));
if (absent.length > 0) console.error(`entry points without a source yet: ${absent.join(", ")}`);

const metafile = await bundle({ ...present, ...commandEntry });
const declarations = await writeDeclarations(present);
await copyAssets();
await writeFile(inRepository("dist", "THIRD-PARTY-NOTICES.txt"), await thirdPartyNotices(metafile));

const outputs = Object.values(metafile.outputs);
const kilobytes = Math.round(outputs.reduce((sum, { bytes }) => sum + bytes, 0) / 1024);
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(`dist: ${outputs.length} bundles (${kilobytes} kB), ${declarations} declarations, ${seconds} s`);
