// console for functions: its messages go where nango.log's go.
import type { Log } from "./log.ts";

const LEVELS = { debug: "debug", trace: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

/** `currentLog` is the running run's log, or undefined between runs. */
export const createConsole = (currentLog: () => Log | undefined) => {
  const write =
    (level: string) =>
    (...args: unknown[]): void => {
      const [message, ...rest] = args;
      const meta = rest.length === 0 ? undefined : { args: rest };
      currentLog()?.(message, meta, { level });
    };
  return Object.fromEntries(Object.entries(LEVELS).map(([name, level]) => [name, write(level)]));
};
