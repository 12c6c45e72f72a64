// Opens a dataset once and says how long that took. Imports the package as it is published. Words: folder, dataset.

import { Catalog } from "qmtl";

const [folder = "", name = ""] = process.argv.slice(2);
const startedMs = performance.now();
const { length } = await (await new Catalog(folder).existing(name)).read();
console.log(JSON.stringify({ length, openMs: performance.now() - startedMs }));
