// A module of its own, to be imported when there is something to parse: the names of a bundled CommonJS package are only
// to be had by a static import.
export { parse } from "yaml";
