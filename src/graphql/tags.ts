// Tags in the comments of views and columns.

/** The words of a tag, line by line: it may be there several times. */
export const tagLines = (tags: object | undefined, name: string): string[][] =>
  [(tags as Record<string, unknown> | undefined)?.[name] ?? []].flat().map((line) => String(line).split(" "));
