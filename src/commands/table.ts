// Rows as an aligned table for a terminal.

const asText = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

const isNumeric = (value: unknown): boolean => typeof value === "number";

/** Columns in the order given; numbers stand to the right. Ends without a line break. */
export const formatTable = (columns: string[], rows: unknown[][]): string => {
  const texts = rows.map((row) => row.map(asText));
  const widths = columns.map((name, index) => Math.max(name.length, ...texts.map((row) => row[index]!.length)));
  const toRight = columns.map((_, index) => rows.length > 0 && rows.every((row) => isNumeric(row[index])));
  const line = (cells: string[]) =>
    cells
      .map((cell, index) => (toRight[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join("  ")
      .trimEnd();
  return [line(columns), widths.map((width) => "-".repeat(width)).join("  "), ...texts.map(line)].join("\n");
};
