// The secret itself comes along with the webhook: weak, as it says nothing about the body, but all that some providers do.
import { refuse } from "../refusal.ts";
import { isSameText } from "../same.ts";
import { type Material, textsOf, valuesAt } from "../values.ts";
import type { Token } from "../verification.ts";
import type { Check } from "./types.ts";

const tokensOf = ({ value, each }: Token, material: Material): (string | undefined)[] => {
  const items = each ? valuesAt(material.body, each) : [material.body];
  return items.map((part) => textsOf(value, { ...material, part })[0]);
};

/** Whether a token is there at all. */
export const hasToken = (scheme: Token, material: Material): boolean =>
  tokensOf(scheme, material).some((token) => token !== undefined);

export const checkToken: Check<Token> = (scheme, { secrets, material }) => {
  const expected = secrets.map((secret) => (scheme.isEncoded ? Buffer.from(secret).toString("base64") : secret));
  const isFine = (token: string | undefined): boolean =>
    token !== undefined && expected.some((secret) => isSameText(token, secret));
  return tokensOf(scheme, material()).every(isFine)
    ? undefined
    : refuse("signature_mismatch", "The token that came with it is not the configured one.");
};
