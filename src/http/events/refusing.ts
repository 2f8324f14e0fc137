// What SQL refuses to do with a received webhook, in the API's words and with what to do instead.
import { AppError, hasCode } from "../../errors.ts";

export const refusing = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, "SL002")) throw new AppError("not_found", undefined, { cause: error });
    if (!hasCode(error, "SL005")) throw error;
    const { hint } = (error.payload ?? {}) as { hint?: string | null };
    throw new AppError("cannot_handle_event", hint ? `${error.message}. ${hint}` : error.message, { cause: error });
  }
};
