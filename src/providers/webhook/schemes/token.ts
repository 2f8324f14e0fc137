// The secret itself comes along with the webhook: weak, as it says nothing about the body, but all that some providers do.
import { refuse } from "../refusal.ts";
import { isSameText } from "../same.ts";
import { textsOf, valuesAt } from "../values.ts";
import type { Token } from "../verification.ts";
import type { Check, Checked } from "./types.ts";

/** Whether a token is there at all. */
export const hasToken = ({ value }: Token, material: Checked["material"]): boolean =>
  textsOf(value, material()).length > 0;

export const checkToken: Check<Token> = ({ value, each, isEncoded }, { secrets, material }) => {
  const { body } = material();
  const items = each ? valuesAt(body, each) : [body];
  const tokens = items.map((part) => textsOf(value, { ...material(), part })[0]);
  const expected = secrets.map((secret) => (isEncoded ? Buffer.from(secret).toString("base64") : secret));
  const areAll = tokens.every((token) => token !== undefined && expected.some((secret) => isSameText(token, secret)));
  return areAll ? undefined : refuse("signature_mismatch", "The token that came with it is not the configured one.");
};
