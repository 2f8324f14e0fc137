// Why a webhook is refused: a code for programs, a sentence for people. Neither holds anything of a secret or of the body.

/** Each with the status that the provider is told. */
export const REFUSALS = {
  method_not_allowed: 400,
  malformed_body: 400,
  missing_signature: 401,
  malformed_signature: 401,
  signature_mismatch: 401,
  timestamp_out_of_range: 401,
  secret_not_configured: 401,
  secret_unusable: 401,
  key_address_untrusted: 401,
  keys_unavailable: 401,
} as const satisfies Record<string, 400 | 401>;

export type RefusalCode = keyof typeof REFUSALS;
export type Refusal = { code: RefusalCode; message: string };

export const refuse = (code: RefusalCode, message: string): Refusal => ({ code, message });
