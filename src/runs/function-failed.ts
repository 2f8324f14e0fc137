// The failure of a function, for whoever waited for it.
import type { RunError } from "../functions/protocol.ts";

/**
 * A function ended with an error. `type` is the kind of error (also as `code`), `payload` what an ActionError carries or the
 * provider answered; `status` and `headers` are the provider's where it answered.
 */
export class FunctionFailed extends Error {
  readonly type: string;
  readonly code: string;
  readonly status: number;
  readonly payload: unknown;
  readonly headers: Record<string, string>;
  /** The run's number; the log tells the rest. */
  readonly run: number;

  constructor(run: number, { type, message, status = 500, payload, headers = {} }: RunError) {
    super(message);
    this.name = "FunctionFailed";
    this.run = run;
    this.type = type;
    this.code = type;
    this.status = status;
    this.payload = payload;
    this.headers = headers;
  }
}
