// One call of a client method: what it is about, and what must come of it.
import type { Nango } from "@nangohq/node";
import type { ClientWorld } from "./client-world.ts";

export type Call = {
  method: string;
  says: string;
  run: (world: ClientWorld) => Promise<unknown> | unknown;
  /** "200", "404 not_found", or how it ends without an answer: "true", "throws". */
  ends: string;
  /** Looks at what it resolved to. */
  check?: (value: never) => void;
};

type Run = Call["run"];

/** Calls of one method: `ok` must succeed, `fails` with a status and code. */
export const callsOf = (method: string) => ({
  ok: <T>(says: string, run: (world: ClientWorld) => Promise<T>, check?: (value: T) => void, status = 200): Call => ({
    method,
    says,
    run,
    ends: `${status}`,
    ...(check && { check: check as Call["check"] }),
  }),
  fails: (says: string, ends: string, run: Run): Call => ({ method, says, run, ends }),
  /** The method with a key that nobody has. */
  strange: (run: (client: Nango) => Promise<unknown>): Call => ({
    method,
    says: "a key that nobody has",
    run: ({ stranger }) => run(stranger),
    ends: "401 unknown_account",
  }),
  /** The method with a key that is two words. */
  malformed: (run: (client: Nango) => Promise<unknown>): Call => ({
    method,
    says: "a malformed key",
    run: ({ malformed }) => run(malformed),
    ends: "401 malformed_auth_header",
  }),
});
