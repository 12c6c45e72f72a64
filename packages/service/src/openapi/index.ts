export { addApiDocument } from "./add-api-document.ts";
export { apiDocument, type ApiDocument, type DocumentedRoute } from "./api-document.ts";
