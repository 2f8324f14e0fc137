// What an action gives back: plain data that fits into one answer.
import type { ScriptType } from "../protocol.ts";
import { fromWire } from "./errors.ts";
import { toPlain } from "./plain.ts";

const MOST_BYTES = 2 * 1024 * 1024;

/** `value` as JSON would carry it. `script_output_too_large` for an action's over 2 MB of JSON; nobody reads what others return. */
export const toOutput = (scriptType: ScriptType, value: unknown): unknown => {
  const plain = toPlain(value);
  if (scriptType !== "action" || plain === undefined) return plain;
  const bytes = Buffer.byteLength(JSON.stringify(plain));
  if (bytes <= MOST_BYTES) return plain;
  const message = `The output of an action is at most 2 MB of JSON: this is ${(bytes / 1024 / 1024).toFixed(1)} MB.`;
  throw fromWire({ name: "OutputError", message, code: "script_output_too_large" });
};
