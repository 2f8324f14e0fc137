// What a run let through though it did not match its schema: a line of the log for each place when it is first seen, and at
// the end of the run how often each was.
import type { ErrorObject } from "ajv";
import { type Finding, fieldOf, inWords, toFinding } from "./finding.ts";
import type { Log } from "./log.ts";

const MOST_LINES = 50;

type Place = Pick<Finding, "subject" | "path" | "keyword"> & { count: number };

// Of one subject: by the path in its schema, then by the path in the value. A record wrong in 15 of its fields costs
// 15 look-ups by texts that exist already; one text made of both for each would take five times as long.
type Places = Map<string, Map<string, Place>>;

/** Elements of a list share a place. */
const keyOf = (error: ErrorObject): string => {
  const field = fieldOf(error) ?? "";
  return error.instancePath === "" ? field : `${error.instancePath.replace(/\/\d+(?=\/|$)/g, "/*")} ${field}`;
};

/** `add` takes what Ajv found in one value, and the name of the record if it is one; `end` never rejects. */
export const createReport = (log: Log) => {
  const bySubject = new Map<string, Places>();
  const lines: Place[] = [];
  let others = 0;

  const addLine = (known: Places, error: ErrorObject, finding: Finding): void => {
    const { subject, path, keyword, id } = finding;
    const place = { subject, path, keyword, count: 1 };
    lines.push(place);
    const atSchema = known.get(error.schemaPath) ?? new Map<string, Place>();
    known.set(error.schemaPath, atSchema.set(keyOf(error), place));
    bySubject.set(subject, known);
    log(inWords(finding), { subject, id, path, keyword }, { level: "warn" });
  };

  const add = (subject: string, errors: readonly ErrorObject[], nameOf?: () => string): void => {
    const known: Places = bySubject.get(subject) ?? new Map();
    for (const error of errors) {
      const place = known.get(error.schemaPath)?.get(keyOf(error));
      if (place !== undefined) place.count++;
      else if (lines.length >= MOST_LINES) others++;
      else addLine(known, error, { ...toFinding(subject, error), ...(nameOf && { id: nameOf() }) });
    }
  };

  const end = async (): Promise<void> => {
    if (lines.length === 0) return;
    try {
      const total = lines.reduce((sum, { count }) => sum + count, others);
      await log(`mismatches with a schema let through: ${total}`, { places: lines, others }, { level: "warn" });
    } catch {
      return; // a function may have replaced what this uses: that must not take the run's outcome along
    }
  };

  return { add, end };
};
