export { Catalog } from "./catalog.ts";
export { CatalogHistory } from "./catalog-history.ts";
export { nodeFs, type CatalogFs, type ReadPart } from "./catalog-fs.ts";
export { Dataset } from "./dataset.ts";
export type { Manifest, Segment } from "./manifest.ts";
