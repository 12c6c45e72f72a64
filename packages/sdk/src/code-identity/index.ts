export {
  classIdentityOf,
  codeIdentityOf,
  type CodeIdentity,
  type CodeIdentityOptions,
  type CodePart,
} from "./code-identity.ts";
export { captureLocation, type SourceLocation } from "./location.ts";
