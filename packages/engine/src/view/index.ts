export { OutputColumns } from "./columns.ts";
export { InputWindow, NodeView, type ColumnView, type ComputeView, type InputView, type RowView } from "./view.ts";
