// Stack traces of functions: positions in the bundle become positions in the author's files, frames of ours go.
import { SourceMap, type SourceMapPayload } from "node:module";

export type Position = { file: string; line: number; column: number };

const MAX_LINES = 10;
const FRAME = /function-[0-9a-f]+\.cjs:(\d+):(\d+)/;
const INLINE_MAP = /\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

const readMap = (bundle: string): SourceMap | undefined => {
  const encoded = INLINE_MAP.exec(bundle)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return new SourceMap(JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as SourceMapPayload);
  } catch {
    return undefined; // the text came from whoever deployed it; a trace without names beats none
  }
};

const original = (map: SourceMap | undefined, line: number, column: number): Position | undefined => {
  const found = map?.findEntry(line - 1, column - 1);
  if (found === undefined || !("originalSource" in found)) return undefined;
  const { originalSource: file, originalLine, originalColumn } = found;
  return { file, line: originalLine + 1, column: originalColumn + 1 };
};

/** The author's lines of `stack`, message first, at most 10 lines. */
export const mapStack = (stack: string, bundle: string): string => {
  const map = readMap(bundle);
  const lines = stack.split("\n");
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  const message = firstFrame === -1 ? lines : lines.slice(0, firstFrame);
  const frames = firstFrame === -1 ? [] : lines.slice(firstFrame).filter((line) => FRAME.test(line));
  const named = frames.map((frame) =>
    frame.replace(FRAME, (asIs, line, column) => {
      const found = original(map, Number(line), Number(column));
      return found === undefined ? asIs : `${found.file}:${found.line}:${found.column}`;
    }),
  );
  return [...message, ...named].slice(0, MAX_LINES).join("\n");
};

/** Where in the author's files a mapped stack begins. */
export const firstPosition = (mappedStack: string): Position | undefined => {
  const found = /^\s+at (?:.*\()?(.+?):(\d+):(\d+)\)?$/m.exec(mappedStack);
  return found === null ? undefined : { file: found[1]!, line: Number(found[2]), column: Number(found[3]) };
};
