// What an action gives back: plain data that fits into one answer.
import type { ScriptType } from "../protocol.ts";
import { toPlain } from "./plain.ts";

const MOST_BYTES = 2 * 1024 * 1024;

/** `value` as JSON would carry it. Throws for an action's that is over 2 MB of JSON; nobody reads what others return. */
export const toOutput = (scriptType: ScriptType, value: unknown): unknown => {
  const plain = toPlain(value);
  if (scriptType !== "action" || plain === undefined) return plain;
  const bytes = Buffer.byteLength(JSON.stringify(plain));
  if (bytes <= MOST_BYTES) return plain;
  throw new Error(`The output of an action is at most 2 MB of JSON: this is ${(bytes / 1024 / 1024).toFixed(1)} MB.`);
};
