// Opens a dataset once and says how long that took. Words: folder, dataset.

import { Catalog } from "@qmtl/sdk/catalog";

const [folder = "", name = ""] = process.argv.slice(2);
const startedMs = performance.now();
const { length } = await (await new Catalog(folder).existing(name)).read();
console.log(JSON.stringify({ length, openMs: performance.now() - startedMs }));
