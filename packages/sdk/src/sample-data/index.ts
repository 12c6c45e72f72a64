export { sampleDataName, sampleDataNotice, sampleDataPath, sampleDataText } from "./sample-data.ts";
