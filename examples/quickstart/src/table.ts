/** Aligned columns; colours only where somebody looks. */
import { styleText } from "node:util";

/** Rows under headings, each column as wide as its widest cell. */
export const table = (
  headings: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): string => {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    styled("bold", line(headings)),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map(line),
  ].join("\n");
};

/** Styled text on a terminal, plain text elsewhere and where `NO_COLOR` is set. */
export const styled = (style: "bold" | "dim" | "green" | "red", text: string): string =>
  styleText(style, text, { stream: process.stdout });
