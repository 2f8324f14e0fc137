// What is wrong with an answer, whatever was asked.
import type { Answered, Contract } from "./document.ts";
import { RAW } from "./fuzz-raw.ts";

// What tells how we are made: stack traces, files, SQL and its errors, names of tables and functions.
const LEAKS = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules|file:\/\/|\/src\/\w+|\/(home|root|tmp|usr|work)\/\w/,
  /\bsyncline\.\w+|\bpg_\w+|\bSQLSTATE\b/,
  /violates \w+ constraint|invalid input syntax|invalid byte sequence|unsupported Unicode|out of range for type|deadlock detected/,
  // Within one text of the JSON: its words stand in the descriptions of two hundred providers too.
  /\bselect\b(?:[^"\\]|\\.)+\bfrom\b(?:[^"\\]|\\.)+\bwhere\b|\binsert into\b|\bdelete from\b/i,
  /TypeError|ReferenceError|RangeError|is not a function|Cannot read propert|Maximum call stack/,
];

// A function that fails is the function's failure, and answers so.
const ON_PURPOSE =
  /"code":"(script_\w+|action_script_runtime_error|execution_\w+|function_runtime_\w+|invalid_action_output)"/;

const leaksIn = ({ target, text }: Answered): string[] =>
  /^\/(docs|openapi)/i.test(target) ? [] : LEAKS.filter((leak) => leak.test(text)).map((leak) => `leaks ${leak}`);

const isErrorShape = (text: string): boolean => {
  try {
    return typeof JSON.parse(text).error.code === "string";
  } catch {
    return false;
  }
};

/** What is wrong with an answer. */
export const judge = (contract: Contract, answered: Answered): string[] => {
  const { method, target, status, text } = answered;
  const place = contract.placeOf(method, target);
  const isRefusal = status === 501 && place !== undefined && "501" in place.operation.responses; // a HEAD has no code to show
  const failures = status >= 500 && !isRefusal && !ON_PURPOSE.test(text) ? [`our failure: ${status}`] : [];
  if (method === "OPTIONS" && status === 204) return [];
  if (place === undefined) {
    const isRefused = method === "HEAD" || ([400, 404, 405].includes(status) && isErrorShape(text));
    return [...failures, ...leaksIn(answered), ...(isRefused ? [] : [`what is nowhere is answered ${status}`])];
  }
  return [...failures, ...leaksIn(answered), ...contract.problemsOf(answered)];
};

/** What is wrong with what came back from a socket. */
export const judgeRaw = (name: string, text: string): string[] => {
  const answers = [...text.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) => Number(status));
  const found = [
    ...(answers.length > RAW[name]!.most ? [`${answers.length} answers`] : []),
    ...(answers.some((status) => status >= 500) ? ["our failure"] : []),
    ...LEAKS.filter((leak) => leak.test(text)).map((leak) => `leaks ${leak}`),
  ];
  return found.map((problem) => `${name}: ${problem}: ${text.slice(0, 500)}`);
};
