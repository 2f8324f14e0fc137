// What went wrong on the wire, as one code that functions know from other HTTP clients, and whether another attempt may help.
import { AppError } from "../errors.ts";
import { UpstreamError } from "./types.ts";

const RETRYABLE = new Set([
  "ECONNRESET",
  "ETIMEDOUT",
  "ECONNABORTED",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
]);

// undici's and zlib's own codes for what ETIMEDOUT and ECONNRESET say in every other client.
const SAME_AS: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: "ETIMEDOUT",
  UND_ERR_HEADERS_TIMEOUT: "ETIMEDOUT",
  UND_ERR_BODY_TIMEOUT: "ETIMEDOUT",
  UND_ERR_SOCKET: "ECONNRESET",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "ECONNRESET",
  UND_ERR_RESPONSE: "ECONNRESET",
  Z_BUF_ERROR: "ECONNRESET",
};

const codeOf = (error: unknown): string => {
  // An answer that ended in its middle, or was no HTTP: the parser has no code of its own for an end of file.
  if (error instanceof Error && error.name === "HTTPParserError") return "ECONNRESET";
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code !== "string") return cause instanceof Error ? codeOf(cause) : "ERR_NETWORK";
  // A socket that undici saw fail keeps the system's code in its cause.
  if (code === "UND_ERR_SOCKET" && cause instanceof Error && "code" in cause) return codeOf(cause);
  return SAME_AS[code] ?? code;
};

/** `error` as an `UpstreamError` with a network code; errors that are ours already stay as they are. */
export const networkError = (error: unknown): UpstreamError | AppError => {
  if (error instanceof UpstreamError || error instanceof AppError) return error;
  const { code, message } = error as { code?: unknown; message?: string };
  if (code === "UND_ERR_INVALID_ARG") return new AppError("invalid_headers", message, { cause: error });
  const networkCode = codeOf(error);
  return new UpstreamError(`The provider could not be reached: ${networkCode}`, { networkCode }, { cause: error });
};

/** The error for an answer that ended before its end. */
export const truncated = (cause?: unknown): UpstreamError =>
  new UpstreamError("The provider's answer was cut short", { networkCode: "ECONNRESET" }, { cause });

/** True for a network failure that another attempt may not meet. */
export const isRetryableNetworkError = (error: UpstreamError | AppError): boolean =>
  error instanceof UpstreamError && error.response === undefined && RETRYABLE.has(error.code);
