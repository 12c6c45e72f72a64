export { stateFolderOf } from "./tag-queues.ts";
export { graphInWorld, submissionFor } from "./world-graph.ts";
