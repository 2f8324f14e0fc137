// Why a request to /proxy could not be made, in the API's words.
import { AppError } from "../../errors.ts";
import { UpstreamError } from "../../outbound/types.ts";

const fromNetwork = (error: UpstreamError): AppError => {
  const { code, message } = error;
  if (code === "ERR_TOO_MANY_REDIRECTS") return new AppError("too_many_redirects", message, { cause: error });
  return new AppError("provider_unreachable", message, { cause: error, payload: { code } });
};

const OWN: { [code: string]: (error: AppError, isOverridden: boolean) => AppError } = {
  missing_base_url: ({ message }) => new AppError("missing_api_url", message),
  unknown_provider: ({ message }) => new AppError("unsupported_provider", message),
  host_not_allowed: (error, isOverridden) =>
    isOverridden ? new AppError("base_url_override_not_allowed", error.message) : error,
  // The server stops: another one, or the same in a moment, will do it.
  script_aborted: () => new AppError("server_error", undefined, { status: 503 }),
};

/** `error` as this API says it; what is unknown here is given back as it is. */
export const proxyError = (error: unknown, { isOverridden }: { isOverridden: boolean }): unknown => {
  if (error instanceof AppError) return OWN[error.code]?.(error, isOverridden) ?? error;
  if (!(error instanceof UpstreamError)) return error;
  return error.response === undefined
    ? fromNetwork(error)
    : new AppError("provider_rate_limited", error.message, { cause: error });
};
