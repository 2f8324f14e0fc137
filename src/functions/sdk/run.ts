// One run inside the isolate: call the author's function, wait for what it left open, say how it ended.
import type { IsolateOutcome, RunMessage } from "../protocol.ts";
import type { Calls } from "./calls.ts";
import { describe } from "./describe.ts";
import { toRunError } from "./errors.ts";
import { createLog } from "./log.ts";
import { createNango } from "./nango.ts";
import { toOutput } from "./output.ts";
import { createValidation, type Validation } from "./validation.ts";
import type { Validators } from "./validators.ts";
import { cutError } from "./weight.ts";

type Exported = Record<string, unknown> | null | undefined;

const entryFunction = (exported: unknown, entry: string): ((...args: unknown[]) => unknown) => {
  const found = (exported as Exported)?.[entry];
  if (typeof found !== "function") throw new Error(`The function has no ${entry}.`);
  return (...args) => found.apply(exported, args);
};

/** An error can be made so that looking at it throws: it must not take the outcome along. */
const outcomeOf = (error: unknown): IsolateOutcome => {
  try {
    return { ok: false, error: cutError(toRunError(error)) };
  } catch {
    return {
      ok: false,
      error: { type: "script_internal_error", message: "The error has no readable form.", status: 500 },
    };
  }
};

/** `failed` rejects when something outside the author's promise chain threw. */
const createFailure = () => {
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => {});
  return { failed, fail };
};

export type Run = ReturnType<typeof createRun>;

const NEVER_ENDS = "The function waits for something that can never happen: no call and no timer of its own is open.";

/** `finish` never rejects. `stall` says that nothing can wake the function any more. `rejected` and `handled` report promises of the author's that nobody, or by now somebody, awaits. */
export const createRun = ({
  message,
  calls,
  load,
  validatorOf,
  nextTurn,
}: {
  message: RunMessage;
  calls: Calls;
  load: (hash: string, bundle: string | null) => unknown;
  validatorOf: Validators;
  nextTurn: () => Promise<void>;
}) => {
  const { context, entry, payload } = message;
  const { call, close } = calls.open();
  const logger = { level: context.logLevel };
  const log = createLog({ call, logger });
  const { failed, fail } = createFailure();
  const unhandled = new Map<unknown, unknown>();
  let validation: Validation | undefined;
  let isExecuting = true;

  const execute = async (): Promise<unknown> => {
    const exported = load(message.hash, message.bundle);
    if (entry === "describe") return describe(exported);
    validation = createValidation({ context, file: { hash: message.hash, exported }, validatorOf, log });
    validation.checkPart("input", payload);
    const nango = createNango({ context, call, log, logger, rowChecks: validation.rows });
    const output = await entryFunction(exported, entry)(nango, payload);
    validation.checkPart("output", output);
    return output;
  };

  /** A save nobody awaited still counts, and so does its failure; the turn lets unhandled rejections be reported. */
  const settleOpenCalls = async (): Promise<void> => {
    do {
      await calls.drained();
      await nextTurn();
    } while (calls.count() > 0);
    for (const reason of unhandled.values()) throw reason;
  };

  const finish = async (): Promise<IsolateOutcome> => {
    try {
      const value = await Promise.race([execute(), failed]);
      isExecuting = false;
      await Promise.race([settleOpenCalls(), failed]);
      return { ok: true, value: toOutput(context.scriptType, value) };
    } catch (error) {
      return outcomeOf(error);
    } finally {
      await validation?.end();
      close();
    }
  };

  const stall = (): void => {
    if (!isExecuting) return;
    const [reason = new Error(NEVER_ENDS)] = unhandled.values();
    fail(reason);
  };

  const rejected = (reason: unknown, promise: unknown): void => void unhandled.set(promise, reason);
  const handled = (promise: unknown): void => void unhandled.delete(promise);
  return { finish, fail, stall, log, rejected, handled, isInVirtualTime: context.virtualTime !== undefined };
};
