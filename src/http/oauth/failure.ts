// What end users and apps are told when connecting through a browser fails.
import type { Request } from "express";
import type { AppError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { explain } from "../errors.ts";

/** `type` is a word for programs, `says` a sentence for people; neither holds a secret. */
export type Failure = { type: string; says: string; status: number };

const typeOf = ({ code, payload }: AppError): string => {
  if (code === "refresh_token_external_error") return "token_exchange_failed";
  const { type } = (payload ?? {}) as { type?: unknown };
  return code === "authorization_failed" && typeof type === "string" ? type : code;
};

/** One that nobody foresaw is logged under an id, which is all that is told. */
export const failureOf = (error: unknown, req: Request, log: Logger): Failure => {
  const told = explain(error, req, log);
  const fields = told.errors?.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
  return { type: typeOf(told), says: [told.message, ...fields].join(" ").slice(0, 500), status: told.status };
};
